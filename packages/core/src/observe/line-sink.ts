/** Where lines go, one after another. */
export interface LineSink {
  /** Resolves when the whole text is handed to the system; rejects when some of it was not. */
  write(text: string): Promise<void>;
  /** Opens the file anew after a rotation has moved it away. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** A sink over a stream of the process, which nobody rotates and nobody closes. */
export function streamSink(stream: NodeJS.WritableStream): LineSink {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    reopen: async () => {},
    close: async () => {},
  };
}
