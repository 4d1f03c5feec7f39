// Lists that are loaded anew whenever they may have changed.

/**
 * Makes a load of a request and of what takes its answer. A later load knows more: only what the newest one brings is taken, and
 * whoever waits for an earlier one waits for that.
 */
export function loader(request, take) {
  let newest;
  return (...what) => {
    const load = request(...what).then((answer) => (load === newest ? take(answer) : newest));
    newest = load;
    return load;
  };
}
