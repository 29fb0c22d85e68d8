// Lets `swOnce(token, act)` do something once, though a page and its scripts are drawn again.

window.swOnce ??= (token, act) => {
  const done = (window.swDone ??= new Set());
  if (done.has(token)) return;
  done.add(token);
  act();
};
