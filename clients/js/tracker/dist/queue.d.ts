/** The queue of one person at one server. @param {string} scope @param {(entry: Entry) => void} onLost */
export function queue(scope: string, onLost: (entry: Entry) => void): {
    /** @param {Entry} entry */
    add: (entry: Entry) => Promise<void | IDBValidKey>;
    /** Up to so many, in no order: reports may come in any. @param {number} most @returns {Promise<Entry[]>} */
    some: (most: number) => Promise<Entry[]>;
    /** @param {Entry[]} entries */
    remove: (entries: Entry[]) => Promise<(true | undefined)[]>;
};
/**
 * A report as it is kept: what must be known of the server before it can be sent may be missing.
 */
export type Entry = {
    /**
     * when it was made, by this device's clock
     */
    at: number;
    /**
     * seconds of this view
     */
    watched: number;
    report: Report;
};
export type Report = {
    videoId: string;
    courseId?: string | undefined;
    /**
     * fixed when the report is made, so that a repetition is known as one
     */
    eventId: string;
    deviceId: string;
    position: number;
    duration?: number | undefined;
    segments: [number, number][];
    /**
     * absent: what the server had before this view was not known
     */
    watchedDuration?: number | undefined;
    /**
     * absent: the server's clock was not known
     */
    lastWatched?: string | undefined;
};
