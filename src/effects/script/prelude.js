// What a script sees beside the language itself: the few names of Node.js that stand for arguments, input, output and environment.
// Yields what the host needs afterwards. `host` has write(stream, text), exit(code), argv, env and stdin.
(host) => {
  const text = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.stack ? `${value}\n${value.stack}`.trimEnd() : `${value}`;
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "object" && value !== null) {
      try {
        return JSON.stringify(value) ?? String(value);
      } catch {
        return Object.prototype.toString.call(value);
      }
    }
    return String(value);
  };
  const write = (stream, value) => {
    host.write(stream, String(value).toWellFormed());
    return true;
  };
  const line = (stream) => (...values) => void write(stream, values.map(text).join(" ") + "\n");
  const [out, err] = [line(1), line(2)];
  const process = {
    argv: ["js", "script.js", ...host.argv],
    env: host.env,
    exitCode: undefined,
    stdin: { fd: 0 },
    stdout: { fd: 1, write: (value) => write(1, value) },
    stderr: { fd: 2, write: (value) => write(2, value) },
    exit: (code) => host.exit(Number(code ?? process.exitCode ?? 0) | 0),
  };
  const readFileSync = (file) => {
    if (file === 0 || file === "/dev/stdin") return host.stdin;
    throw new Error("a script has no files: only its standard input can be read");
  };
  const modules = { fs: { readFileSync }, process };
  const require = (name) => {
    const module = modules[String(name).replace(/^node:/, "")];
    if (module === undefined) throw new Error(`there is no module '${name}' here`);
    return module;
  };
  const console = { log: out, info: out, debug: out, warn: err, error: err, trace: err };
  const names = { console, process, require };
  for (const name of Object.keys(names)) {
    Object.defineProperty(globalThis, name, { value: names[name], writable: true, configurable: true, enumerable: false });
  }

  const unhandled = new Map();
  return {
    modules,
    track: (promise, reason, handled) => (handled ? unhandled.delete(promise) : unhandled.set(promise, reason)),
    // The code with which the script ends; an error that nobody caught is told first. Null for null: so the engine says that it had no memory
    // left even for an error.
    end: (failed, error) => {
      const errors = failed ? [error] : [...unhandled.values()];
      if (errors[0] === null) return null;
      if (errors.length > 0) err(`Uncaught ${text(errors[0])}`);
      return errors.length > 0 ? 1 : Number(process.exitCode ?? 0) | 0;
    },
  };
}
