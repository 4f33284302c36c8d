/**
 * Starts to report what `media` plays. `stop()` sends the rest.
 * @param {Media} media a <video>, an <audio>, or what an adapter returns
 * @param {Options} options
 */
export function track(media: Media, options: Options): {
    /** Reports now; resolves when the server has it, or cannot take it now. */
    flush: () => Promise<any>;
    /** Sends the rest and lets go of the player. */
    stop(): Promise<any>;
};
export type Media = import("./meter.js").Media;
export type Entry = import("./queue.js").Entry;
export type Report = import("./queue.js").Report;
/**
 * What the server knows of a learner's video. Messages of the live stream also carry the percents.
 */
export type State = {
    userId: string;
    videoId: string;
    /**
     * whole seconds
     */
    watchedDuration: number;
    /**
     * where the learner last was, on any device
     */
    position?: number | null | undefined;
    lastWatched: string | null;
    courseId?: string | null | undefined;
    status?: string | null | undefined;
    progressPercent?: number | null | undefined;
    coursePercent?: number | null | undefined;
};
export type Failure = {
    /**
     * of the answer; 0: there was none
     */
    status: number;
    message: string;
    /**
     * this one is given up, the server will never take it; absent: all are kept and tried again
     */
    report?: import("./queue.js").Report | undefined;
};
export type Options = {
    userId: string;
    videoId: string;
    courseId?: string | undefined;
    /**
     * the server's address; by default the page's own origin
     */
    url?: string | undefined;
    /**
     * the bearer token, or
     * what gives it: called with true when the last one was refused
     */
    token?: string | ((renew: boolean) => string | undefined | Promise<string | undefined>) | undefined;
    /**
     * the server has stored something new about this video
     */
    onProgress?: ((state: State) => void) | undefined;
    onError?: ((failure: Failure) => void) | undefined;
    /**
     * false: do not go where the learner last was
     */
    resume?: boolean | undefined;
    /**
     * seconds of playing between two reports, 10 by default
     */
    interval?: number | undefined;
    /**
     * what is played faster than this is not counted, 4 by default
     */
    maxRate?: number | undefined;
    /**
     * false: what is played in a hidden tab is not counted
     */
    countHidden?: boolean | undefined;
    /**
     * `follow` of '@milepost/tracker/live': onProgress then also hears of other devices
     */
    live?: false | Follow | undefined;
};
export type Answer = {
    status: number;
    message: string;
    wait: number;
    body: any;
};
export type Follow = (options: {
    url: string;
    userId: string;
    videoId: string;
    token: (renew: boolean) => Promise<string | undefined>;
    onMessage: (state: State) => void;
}) => () => void;
