export function videojs(player: VideoJsPlayer): VideoJs;
/**
 * What of a video.js player is used.
 */
export type VideoJsPlayer = {
    currentTime: (seconds?: number) => any;
    duration: () => number | undefined;
    paused: () => boolean;
    seeking: () => boolean;
    ended: () => boolean;
    readyState: () => number;
    playbackRate: (rate?: number) => any;
    on: (type: any, listener: (...event: any[]) => void) => void;
    off: (type: any, listener: (...event: any[]) => void) => void;
};
/**
 * What of a video.js player is used.
 * @typedef {object} VideoJsPlayer
 * @property {(seconds?: number) => any} currentTime
 * @property {() => number | undefined} duration
 * @property {() => boolean} paused
 * @property {() => boolean} seeking
 * @property {() => boolean} ended
 * @property {() => number} readyState
 * @property {(rate?: number) => any} playbackRate
 * @property {(type: any, listener: (...event: any[]) => void) => void} on
 * @property {(type: any, listener: (...event: any[]) => void) => void} off
 */
declare class VideoJs extends EventTarget {
    /** @param {VideoJsPlayer} player */
    constructor(player: VideoJsPlayer);
    player: VideoJsPlayer;
    /** @param {{type: string}} event */
    pass: ({ type }: {
        type: string;
    }) => boolean;
    renew: () => boolean;
    set currentTime(seconds: any);
    get currentTime(): any;
    get duration(): number;
    get paused(): boolean;
    get seeking(): boolean;
    get ended(): boolean;
    get readyState(): number;
    get playbackRate(): any;
    release(): void;
}
export {};
