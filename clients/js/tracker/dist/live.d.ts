export function follow(options: {
    url: string;
    userId: string;
    videoId: string;
    token: (renew: boolean) => Promise<string | undefined>;
    onMessage: (state: import("./tracker.js").State) => void;
}): () => void;
