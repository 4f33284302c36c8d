// Every text of the dashboard, in English: a translation is another of this file. {name} is filled in; a text with
// one/other is chosen by {n} as the language's plural rules have it.

export const locale = 'en';

const texts = {
  // signing in
  signIn: 'Sign in', signOut: 'Sign out', signInWith: 'Sign in with {name}', token: 'Token', checking: 'Checking...',
  tokenHint: 'Paste a token (JWT). It stays in this tab and goes with it. ./run prints a ready link for each role; milepost token makes more.',
  noToken: 'This is no token: three parts with dots between them are expected.', tokenRefused: 'The server does not take this token: it has expired, or is not of this server.',
  signedOut: 'You are signed out: the token has expired or is no longer taken.', signedInAs: 'Signed in as {user}, {role}',
  providerFails: 'The sign-in provider does not answer as expected.', notOurSignIn: 'This sign-in was not begun in this tab. Please begin again.', needsHttps: 'This sign-in needs https.',
  'role.STUDENT': 'student', 'role.INSTRUCTOR': 'instructor', 'role.OWNER': 'owner', 'role.ADMIN': 'administrator', 'role.SYSTEM': 'system', roleWord: 'Role',

  // the frame
  menu: 'Main', 'menu.me': 'My learning', 'menu.courses': 'Courses', 'menu.users': 'Learners', 'menu.system': 'System', 'menu.api': 'API', crumbs: 'Where you are', skip: 'Skip to content',
  'live.connecting': 'Connecting', 'live.live': 'Live', 'live.polling': 'Every 30 s', 'live.connecting.title': 'The live stream is being opened', 'live.live.title': 'Changes are shown as they are stored',
  'live.polling.title': 'There is no live stream here: what is shown is asked for again every 30 seconds',
  noSuchPage: 'There is no such page', notYours: 'Not yours to see', toFirstPage: 'To the first page',
  loading: 'Loading', retry: 'Try again', requestId: 'request {id}', offline: 'The server cannot be reached.', online: 'The server is back.',
  offlineBanner: 'The server cannot be reached. What is shown is what was last known; it is read again as soon as the server is back.',
  forbidden: 'Not yours to see.', failed: 'The server answered {status}.', cancel: 'Cancel', close: 'Close', typeToConfirm: 'To confirm, type', typeExactly: 'That is not what is asked for.',
  saved: '{name} is saved', csv: 'CSV', edit: 'Edit', save: 'Save', show: 'Show', all: 'All', any: 'Any', more: 'Show all', fewer: 'Show fewer', next: 'Next', previous: 'Previous', older: 'Older', newest: 'Newest',
  pages: 'Pages of {what}', pageOf: 'Page {page} of {pages}, {total} in all', perPage: 'Rows', actions: 'Actions', asTable: 'Show as table', chartKeys: 'Arrow keys read the points',
  keys: 'Keys', keysOn: 'Single keys are on', space: 'Space', 'key./': 'search', 'key.g h': 'first page', 'key.g c': 'courses', 'key.g m': 'my learning', 'key.j k': 'next and previous row', 'key.Enter': 'open the row',
  'key.[ ]': 'previous and next page', 'key.Space': 'pause the stream', 'key.Esc': 'close', 'key.?': 'this list',

  // states and types
  stateWord: 'State', 'state.NOT_STARTED': 'Not started', 'state.ENROLLED': 'Enrolled', 'state.IN_PROGRESS': 'In progress', 'state.COMPLETED': 'Completed', 'state.CERTIFIED': 'Certified',
  'state.DROPPED': 'Dropped', 'state.EXPIRED': 'Expired', 'state.LOCKED': 'Locked',
  'type.video': 'video', 'type.lab': 'lab', 'type.game': 'game', 'type.document': 'document', 'type.quiz': 'quiz', 'type.assessment': 'assessment', 'type.other': 'other',

  // figures
  ofTotal: '{part} of {total}', ofOnly: 'of {total}', ofLearners: '{part} of {total} enrolments', scoreOf: '{score} / {most}', in: 'in', at: 'at {position}', by: 'by', through: 'through {face}', device: 'device', fromTo: '{from} to {to}',
  milliseconds: '{value} ms', inMs: 'in {ms} ms', day: 'Day', reports: 'Reports', timeWord: 'Time', progress: 'Progress', score: 'Score', type: 'Type', item: 'Item', items: 'Items', course: 'Course', courses: 'Courses', learner: 'Learner', learners: 'Learners',
  last: 'Last', lastActivity: 'Last activity', enrolled: 'Enrolled', timeSpent: 'Time spent', itemsDone: 'Items completed', requiredDone: 'Required completed', required: 'required', optional: 'optional', share: 'Share', position: 'Position', completedAt: 'Completed',

  // a learner's own page
  myLearning: 'My learning', myCourses: 'My courses', learnerTitle: 'Learner {id}', learnerIn: 'Learner {id} in {course}', continue: 'Continue', continueWhere: 'Continue where you stopped',
  coursesEnrolled: 'courses enrolled', coursesCompleted: 'courses completed', videosCompleted: 'videos completed', watchTime: 'watch time',
  noCourses: 'No course yet. The first report of a video, a lab or anything else puts its course here:', keptAfterDrop: 'left or expired. Everything done there is kept.',
  daysTitle: 'Days of learning', streak: 'in a row, longest {longest}', daySaid: { one: '{date}: {reports} report, {time}', other: '{date}: {reports} reports, {time}' }, dayQuiet: '{date}: nothing', noDays: 'No day with a report yet.',
  calendarRange: '{from} to {to}', asOfDay: 'As of (end of day, UTC)', asItWas: 'As it was on {date}', nothingThen: 'There was nothing yet.', firstOnly: 'The first {n} of {total}.', recentItems: 'Items, newest first', noItems: 'No item yet.', itemsInAll: '{total} in all', logEntries: 'Log entries', logWhat: 'What',
  history: 'What happened', noHistory: 'Nothing happened yet.', themselves: 'the learner', clientAt: 'The device said {at}', backToHere: 'Back to here', takenBack: 'The log entries were taken back',
  backToHereText: 'The log entries go back to how they stood right after this change of {at}. Progress is not touched. It is a change like any other: it can be taken back too.',
  'event.progress': 'Report:', 'event.deleted': 'Progress deleted:', 'event.reset': 'Reset:', 'event.enrollment': 'Enrolment', 'event.log': 'Log entry', 'event.log.created': 'Log entry added', 'event.log.updated': 'Log entry changed',
  'event.log.deleted': 'Log entry deleted', 'event.log.rolled_back': 'Log entries taken back',
  changedCourse: 'Course {course}: {percent}', changedLearner: 'Learner {learner} changed', changedItem: '{item} changed',
  exportMine: 'Export my data', export: 'Export', eraseMe: 'Erase me...', erase: 'Erase a learner', eraseYes: 'Erase for good', erased: 'Erased.',
  eraseMeText: 'Everything that is kept of you is erased, for good: progress, enrolments, log entries, history. It cannot be taken back. Export your data first if you may want it.',
  eraseText: 'Everything that is kept of this learner is erased, for good: progress, enrolments, log entries, history. It cannot be taken back.',

  // courses
  allCourses: 'all of this server', coursesOfMine: 'those you may look into', searchCourses: 'Search courses ( / )', enrolments: 'enrolments', completedOrCertified: 'completed or certified', averageProgress: 'average progress',
  nothingFound: 'Nothing has "{text}" in it.', noCourseYet: 'No course yet. Declare one:', noCourseOfMine: 'No course lists you among its staff.', newCourse: 'New course', editCourse: 'Edit {course}', observed: 'not declared: known from reports alone',
  active30: 'active, last 30 days', completionRate: 'completion rate, of all enrolments', averageProgressOf: 'average progress, of all enrolments', averageTime: 'average to complete', whereTheyStand: 'Where the {count} enrolments stand',
  daysOfCourse: 'Learners active per day', learnersOn: { one: '{count} learner on {date}', other: '{count} learners on {date}' }, distribution: 'Enrolments by course progress', learnersIn: { one: '{count} enrolment, {range}', other: '{count} enrolments, {range}' },
  'bucket.0': 'below 10 %', 'bucket.1': '10 to 20 %', 'bucket.2': '20 to 30 %', 'bucket.3': '30 to 40 %', 'bucket.4': '40 to 50 %', 'bucket.5': '50 to 60 %', 'bucket.6': '60 to 70 %', 'bucket.7': '70 to 80 %', 'bucket.8': '80 to 90 %', 'bucket.9': '90 to 100 %',
  mostCompleted: 'Most completed items', allItems: 'All items', noItemsInCourse: 'No item yet. Items come from the catalogue, or from what learners report.', completedBy: 'Completed by', startedBy: 'Started by', averageScore: 'Average score',
  noEnrolments: 'Nobody is enrolled yet.', beyondEnd: 'The list has no such page.', noLearnerFits: 'No learner fits. Take a filter away.', searchLearners: 'Search learners ( / )', quiet: 'Quiet for', quietFor: '{count}', atRisk: 'At risk',
  'reason.inactive': 'inactive', 'reason.behind': 'behind', rowsChanged: { one: '{n} row changed.', other: '{n} rows changed.' }, newOrder: 'Show new order', leaderboard: 'Leaderboard', leaderboardScope: 'without those who left or expired', rank: 'Rank',
  searchItems: 'Search items ( / )', order: 'Order', courseOrder: 'As the course has them',

  // one learner in one course
  enrolledOn: 'enrolled {date}', completedOn: 'completed {date}', certify: 'Certify', certified: 'Certified', certificate: 'Certificate', certificateAddress: 'Address of the certificate (https)', certifyText: 'Learner {learner} has completed {course}. Certified is for good.',
  resetCourse: 'Reset course...', resetItem: 'Reset item', reset: 'Reset', resetDone: 'Reset', resetCourseText: 'Learner {learner} begins {course} anew. The history is kept.', resetItemText: 'Learner {learner} begins {item} in {course} anew. The history is kept.',
  resetItemOf: 'Reset {item}', lock: 'Lock', unlock: 'Unlock', lockItem: 'Lock {item}', unlockItem: 'Unlock {item}', locked: 'Locked', unlocked: 'Unlocked', neverEnrolled: 'This learner is not enrolled in this course.',
  requiredOpen: 'Progress counts required items. Required and not completed:', andMore: ' and more', courseProgress: 'course progress', openedOnly: 'Only what has been opened is listed.', noItemFits: 'No item is in this state.',
  watchedParts: 'Watched parts', watchedLabel: 'Watched: {parts}', watchedSaid: '{seen} seen, of a video of {whole}', noSegments: 'The player of this item sends no parts. Furthest: {furthest}.',

  // an item
  retention: 'Where they leave', noRetention: 'Players of this item send no parts, or its length is not known. Watched on average: {average}.', retentionSaid: '{from} to {to}: {viewers} viewers, {share}', part: 'Part', viewers: 'Viewers', shareOfViewers: 'Of all viewers',
  viewersOf: 'viewers', averageWatched: 'watched on average', completionOfViewers: 'of the viewers completed it', learnersOnItem: 'Learners on this item', completedOfEnrolments: 'completed it, of all enrolments', averageTimeSpent: 'average time spent', hereNow: 'Here now',

  // the administrator's
  writesPerSecond: 'writes a second', readsPerSecond: 'reads a second', commitHalf: 'commit, half of them', commitMost: 'commit, 99 of 100', memoryUsed: 'memory', streams: 'live streams', store: 'Store', kind: 'Kind', eventsStored: 'Events', sequence: 'Last event',
  flushed: 'Flushed up to', onDisk: 'On disk', batchMean: 'Writes in a commit', queued: 'Waiting', held: 'In memory', messagesPerSecond: 'Messages a second', version: 'Version', startedAt: 'Up since', refused: 'Refused', nothingRefused: 'Nothing was refused.',
  others: 'Other services and nodes', noOthers: 'This server stands alone.', failures: { one: '{n} failure', other: '{n} failures' }, nodeSaid: 'event {sequence}, {lag} behind', ready: 'ready', notReady: 'not ready',
  stream: 'What happens', streamText: 'The last {n} messages since this page was opened.', pause: 'Pause', goOn: 'Go on', paused: 'Paused', goesOn: 'Goes on', noMessage: 'Nothing has happened since this page was opened.',
  audit: 'Who did what', auditText: 'What staff, administrators and services did to records and courses, newest first. What learners do themselves is not here.', noAct: 'Nobody has done anything yet but learners.', noActBefore: 'Nothing before that.',
  when: 'When', whoWord: 'Who', what: 'What', whom: 'To whom', face: 'Through', unchanged: 'nothing changed',
  'act.enrolled': 'enrolled', 'act.dropped': 'took out', 'act.expired': 'let expire', 'act.certified': 'certified', 'act.locked': 'locked', 'act.unlocked': 'unlocked', 'act.deleted': 'deleted progress', 'act.reset': 'reset',
  'act.log_updated': 'changed a log entry', 'act.log_deleted': 'deleted a log entry', 'act.logs_cleared': 'deleted all log entries', 'act.logs_rolled_back': 'took log entries back', 'act.erased': 'erased a learner',
  'act.webhook_noted': 'sent a webhook', 'act.course_declared': 'saved a course', 'act.course_undeclared': 'took a course back',
  findLearner: 'Find a learner', userId: 'User id', id: 'Id', title: 'Title', description: 'Description', section: 'Section', durationSeconds: 'Seconds', threshold: 'Threshold %', staff: 'Staff', addStaff: 'Add staff', removeStaff: 'Remove {user}',
  addItem: 'Add an item', removeItem: 'Remove {item}', moveUp: 'Move {item} up', moveDown: 'Move {item} down', movedTo: '{item} is now number {place}', fieldOf: '{field} of {item}', courseSaved: 'The course is saved.', observedNote: 'Nobody has declared this course yet. Saving declares it.',
  import: 'Import...', importText: 'JSON: a whole course or a list of items. CSV: a first row with the names id, title, type, section, durationSeconds, required, threshold. It replaces what the form shows; nothing is stored before you save.',
  file: 'File', orPaste: 'Or paste it here', importNoContents: 'There is no list named contents.', importNoId: 'The first row has no column named id.', imported: { one: '{n} item read', other: '{n} items read' },
  delete: 'Delete', deleteCourse: 'Delete course...', deleteCourseText: 'The declaration of {course} is taken back. Learners\' records stay.', courseDeleted: 'The declaration is taken back',

  // the explorer
  apiText: 'every route of this server, to try', searchRoutes: 'Search routes ( / )', body: 'Body', send: 'Send', answer: 'Answer', answered: 'Answered {status}', curlLine: 'The same as a curl line', streamNote: 'A stream has no end: try the curl line.',
};

export const has = (key) => key in texts;

let plural = null;

export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === 'object') {
    plural ??= new Intl.PluralRules(locale);
    text = text[plural.select(Number(values.n ?? values.reports ?? 2))] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
