const { slug } = require("slug");

exports.address = (title) => `/posts/${slug(title)}`;
