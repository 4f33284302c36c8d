/**
 * @param {Media} media
 * @param {{maxRate?: number, countHidden?: boolean, now?: () => number}} [options]
 */
export function meter(media: Media, { maxRate, countHidden, now }?: {
    maxRate?: number;
    countHidden?: boolean;
    now?: () => number;
}): {
    /** Is a part open, or is there one to take? */
    readonly any: boolean;
    /** All that was played since the last take, in order, to the millisecond. @returns {Segment[]} */
    take(): Segment[];
    stop(): void;
};
export function milliseconds(seconds: number): number;
/**
 * What a player must look like: an HTMLMediaElement does, and the adapters make others look so.
 */
export type Media = {
    /**
     * seconds; setting it seeks
     */
    currentTime: number;
    /**
     * seconds; NaN: not known yet, Infinity: a live stream
     */
    duration: number;
    paused: boolean;
    seeking: boolean;
    ended: boolean;
    /**
     * 3 and more: it can play on from here
     */
    readyState: number;
    playbackRate: number;
    played?: {
        length: number;
        start(index: number): number;
        end(index: number): number;
    } | undefined;
    addEventListener: (type: string, listener: () => void) => void;
    removeEventListener: (type: string, listener: () => void) => void;
};
/**
 * seconds of the item, from before to
 */
export type Segment = [from: number, to: number];
