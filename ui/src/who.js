// Who is signed in, as the server said, and how to leave.
export const who = { me: null, leave: null };

export const has = (...roles) => !!who.me?.roles.some((role) => roles.includes(role));
