/** Namespaces of the bpf sensor made by the test itself, without a command. */
const { KernelNamespace } = await import("../../../packages/linux/dist/sensor/bpf/kernel-namespace.js");

/**
 * Begins a namespace, which its caller has to leave. As long as there is one, the programs stay loaded, and commands start the
 * sooner.
 *
 * @param {object} options
 */
export const beginNamespace = (options = {}) =>
  KernelNamespace.begin({
    ...{ attachment: "lsm", mode: "tell", versions: "run", bars: false, supervisor: process.pid, keys: 64 },
    ...{ ringSize: 65_536, holdSeconds: 1, label: "", ...options },
  });
