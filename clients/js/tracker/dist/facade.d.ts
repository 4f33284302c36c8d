/** A player that is no element, made to look like one: the adapters set its members and fire its events. */
export class Facade extends EventTarget {
    /** @param {(seconds: number) => void} seek what moves the player */
    constructor(seek: (seconds: number) => void);
    duration: number;
    paused: boolean;
    seeking: boolean;
    ended: boolean;
    readyState: number;
    playbackRate: number;
    /** What the player last said. */
    at: number;
    seek: (seconds: number) => void;
    set currentTime(seconds: number);
    get currentTime(): number;
    /** @param {string} type */
    fire(type: string): void;
    /** The first word about what is loaded. @param {number} duration */
    loaded(duration: number): void;
    /** Something else was loaded. */
    emptied(): void;
}
