/** Namespaces of the bpf sensor that the test itself creates, without a command. */
const { KernelNamespace } = await import("../../../packages/linux/dist/sensor/bpf/kernel-namespace.js");

/**
 * Begins a namespace, which its caller must leave. As long as a namespace exists, the programs stay loaded, and commands start
 * faster.
 *
 * @param {object} options
 */
export const beginNamespace = (options = {}) =>
  KernelNamespace.begin({
    ...{ attachment: "lsm", mode: "tell", versions: "run", bars: false, supervisor: process.pid, keys: 64 },
    ...{ ringSize: 65_536, holdSeconds: 1, label: "", ...options },
  });
