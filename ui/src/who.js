// Who is signed in, as the server said, and how to leave.
export const who = { me: null, leave: null };

export const has = (...roles) => !!who.me?.roles.some((role) => roles.includes(role));

/** The courseroom face, which has a course's figures and the staff's actions, takes integer ids alone. */
export const isInteger = (id) => /^(0|[1-9]\d*)$/.test(String(id));
