exports.sum = (a, b) => {
  return a + b;
};
