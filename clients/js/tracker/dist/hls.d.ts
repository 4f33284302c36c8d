export function hls(hls: HlsPlayer): HlsMedia;
/**
 * What of an `Hls` is used.
 */
export type HlsPlayer = {
    media?: HTMLMediaElement | null | undefined;
    on: (event: any, listener: (...event: any[]) => void) => void;
    off: (event: any, listener: (...event: any[]) => void) => void;
};
/**
 * What of an `Hls` is used.
 * @typedef {object} HlsPlayer
 * @property {HTMLMediaElement | null} [media]
 * @property {(event: any, listener: (...event: any[]) => void) => void} on
 * @property {(event: any, listener: (...event: any[]) => void) => void} off
 */
declare class HlsMedia extends EventTarget {
    /** @param {HlsPlayer} hls */
    constructor(hls: HlsPlayer);
    /** @type {HTMLMediaElement | null | undefined} */
    element: HTMLMediaElement | null | undefined;
    hls: HlsPlayer;
    /** @param {{type: string}} event */
    pass: ({ type }: {
        type: string;
    }) => boolean;
    attach: () => void;
    detach: () => void;
    set currentTime(seconds: number);
    get currentTime(): number;
    get duration(): number;
    get paused(): boolean;
    get seeking(): boolean;
    get ended(): boolean;
    get readyState(): number;
    get playbackRate(): number;
    get played(): TimeRanges | undefined;
    release(): void;
}
export {};
