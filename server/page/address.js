// Where the server is. A page whose address has user and password may fetch nothing by a relative one.

export const address = (path) => location.origin + path;
