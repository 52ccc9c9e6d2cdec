/** The network cable between browser and program: it can be pulled and put back while both go on. */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface Cable {
  /** The program, seen through the cable. */
  url: string;
  /** Cuts every connection; new ones are refused at once. */
  pull: () => void;
  plugIn: () => void;
  close: () => Promise<void>;
}

export async function layCable(port: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let isIn = true;
  const server = createServer((browser) => {
    if (!isIn) {
      browser.destroy();
      return;
    }
    const program = connect(port, "127.0.0.1");
    for (const socket of [browser, program]) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        (socket === browser ? program : browser).destroy();
      });
      // A reset is an end like any other.
      socket.on("error", () => socket.destroy());
    }
    browser.pipe(program).pipe(browser);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address ? address.port : 0;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://localhost:${own}`,
    pull: () => {
      isIn = false;
      cut();
    },
    plugIn: () => {
      isIn = true;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
