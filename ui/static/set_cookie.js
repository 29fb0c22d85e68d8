// Keeps a cookie. given: cookie.

document.cookie = given.cookie;
