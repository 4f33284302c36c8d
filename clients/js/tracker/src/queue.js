// Reports that the server has not taken yet: in IndexedDB, so that they outlive the page; without it, in memory.

/**
 * A report as it is kept: what must be known of the server before it can be sent may be missing.
 * @typedef {object} Entry
 * @property {number} at when it was made, by this device's clock
 * @property {number} watched seconds of this view
 * @property {Report} report
 */
/**
 * @typedef {object} Report
 * @property {string} videoId
 * @property {string} [courseId]
 * @property {string} eventId fixed when the report is made, so that a repetition is known as one
 * @property {string} deviceId
 * @property {number} position
 * @property {number} [duration]
 * @property {[number, number][]} segments
 * @property {number} [watchedDuration] absent: what the server had before this view was not known
 * @property {string} [lastWatched] absent: the server's clock was not known
 */

const IN_MEMORY = 200;

/** @type {Promise<IDBDatabase> | undefined} */
let database;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const opened = async () => {
  const request = indexedDB.open('milepost', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('reports');
  const db = await done(request);
  // Phones close databases in the background.
  db.onclose = () => (database = undefined);
  return db;
};

/**
 * One step on the store; a database that was closed meanwhile is opened again, once.
 * @template T @param {(store: IDBObjectStore) => IDBRequest<T>} step @param {boolean} [again] @returns {Promise<T>}
 */
const within = async (step, again) => {
  try {
    return await done(step((await (database ??= opened())).transaction('reports', 'readwrite').objectStore('reports')));
  } catch (error) {
    database = undefined;
    if (again) throw error;
    return within(step, true);
  }
};

/** The queue of one person at one server. @param {string} scope @param {(entry: Entry) => void} onLost */
export function queue(scope, onLost) {
  /** @type {Map<string, Entry>} */
  const memory = new Map();

  return {
    /** @param {Entry} entry */
    add: (entry) => within((store) => store.put(entry, [scope, entry.report.eventId])).catch(() => {
      memory.set(entry.report.eventId, entry);
      if (memory.size <= IN_MEMORY) return;
      const [oldest] = memory.values();
      memory.delete(oldest.report.eventId);
      onLost(oldest);
    }),
    /** Up to so many, in no order: reports may come in any. @param {number} most @returns {Promise<Entry[]>} */
    some: async (most) => [
      ...await within((store) => store.getAll(IDBKeyRange.bound([scope], [scope, []]), most)).catch(() => []),
      ...memory.values(),
    ].slice(0, most),
    /** @param {Entry[]} entries */
    remove: (entries) => Promise.all(entries.map(({ report: { eventId } }) =>
      memory.delete(eventId) || within((store) => store.delete([scope, eventId])))),
  };
}
