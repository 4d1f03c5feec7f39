// A signal: called, it tells its listeners. It lets a module speak of a change without knowing who cares.

export function signal() {
  const listeners = [];
  const tell = (...values) => listeners.forEach((listener) => listener(...values));
  tell.on = (listener) => listeners.push(listener);
  return tell;
}
