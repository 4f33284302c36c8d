// The page: who is signed in, which address is shown, what keys do.
import { h, Component, render } from 'preact';
import { LiveState } from './following.jsx';
import { setZone } from './format.js';
import { KeysHelp, listenToKeys } from './keys.jsx';
import { arrive } from './page.js';
import { Name, Offline, say } from './parts.jsx';
import { here, onRoute, replace, to } from './route.js';
import { SignIn } from './signin.jsx';
import { begin, get } from './api.js';
import { forget, takeToken, token } from './session.js';
import { who } from './who.js';
import { t } from './words.js';
import { Learner } from './pages/learner.jsx';
import { OneLearner } from './pages/one.jsx';
import { Courses } from './pages/courses.jsx';
import { Course } from './pages/course.jsx';
import { Leaderboard } from './pages/leaderboard.jsx';
import { Items } from './pages/items.jsx';
import { Item } from './pages/item.jsx';
import { Editor } from './pages/editor.jsx';
import { System } from './pages/system.jsx';
import { Users } from './pages/users.jsx';
import { Explorer } from './pages/explorer.jsx';

const STAFF = ['INSTRUCTOR', 'OWNER', 'ADMIN', 'SYSTEM'];
const KEEPERS = ['ADMIN', 'SYSTEM'];

// Each address, who it is for, and what shows it. An id in the place of :x.
const pages = [
  ['me', null, (me) => <Learner userId={me.userId} own />],
  ['me/courses/:c', null, (me, [c]) => <OneLearner userId={me.userId} courseId={c} own />],
  ['learners/:u', KEEPERS, (me, [u]) => <Learner userId={u} />],
  ['courses', STAFF, () => <Courses />],
  ['courses/:c', STAFF, (me, [c]) => <Course courseId={c} />],
  ['courses/:c/leaderboard', STAFF, (me, [c]) => <Leaderboard courseId={c} />],
  ['courses/:c/items', STAFF, (me, [c]) => <Items courseId={c} />],
  ['courses/:c/items/:i', STAFF, (me, [c, i]) => <Item courseId={c} itemId={i} />],
  ['courses/:c/learners/:u', STAFF, (me, [c, u]) => <OneLearner userId={u} courseId={c} />],
  ['edit', KEEPERS, () => <Editor courseId={null} />],
  ['edit/:c', KEEPERS, (me, [c]) => <Editor courseId={c} />],
  ['system', ['ADMIN'], () => <System />],
  ['users', KEEPERS, () => <Users />],
  ['api', null, () => <Explorer />],
];

function match(pattern, parts) {
  const wanted = pattern.split('/');
  if (wanted.length !== parts.length) return null;
  const found = [];
  for (const [i, name] of wanted.entries()) {
    if (name[0] === ':') found.push(parts[i]);
    else if (name !== parts[i]) return null;
  }
  return found;
}

/** Where each role begins. */
const firstPage = ({ role }) => (role === 'ADMIN' ? '#/system' : STAFF.includes(role) ? '#/courses' : '#/me');

const menu = ({ role }) => [
  role === 'ADMIN' && ['system', t('menu.system')],
  STAFF.includes(role) && ['courses', t('menu.courses')],
  KEEPERS.includes(role) && ['users', t('menu.users')],
  ['me', t('menu.me')],
  ['api', t('menu.api')],
].filter(Boolean);

class App extends Component {
  constructor(props) {
    super(props);
    this.state = { me: null, problem: null, busy: !!token(), help: false, address: here(), gone: null };
    onRoute(() => this.routed());
    listenToKeys({ help: () => this.setState({ help: true }) });
  }

  componentDidMount() {
    if (token()) this.enter([token()]);
  }

  // A token given in the address is taken at any time, and taken out of it at once.
  routed() {
    const given = takeToken();
    if (given) return this.enter([given]);
    const address = here();
    if (this.state.me && !address.parts.length) return replace(firstPage(this.state.me));
    const moved = address.path !== this.state.address.path;
    this.setState({ address }, () => moved && arrive());
  }

  /** Nothing is shown before the server has said who this is. */
  async enter([given, ...others]) {
    this.setState({ busy: true, problem: null, gone: null });
    begin(given, () => this.leave(t('signedOut')));
    try {
      const me = await get('api/v1/me');
      token(given);
      Object.assign(who, { me, leave: (why) => this.leave(why) });
      setZone(me.displayTimezone);
      this.setState({ me, busy: false });
      if (!here().parts.length) replace(firstPage(me));
      say(t('signedInAs', { user: me.userId, role: t(`role.${me.role}`) }));
    } catch (problem) {
      if (problem.status === 401 && others.length) return this.enter(others);
      if (problem.status !== 0) forget();
      begin(null, null);
      this.setState({ me: null, busy: false, problem: problem.status === 401 ? t('tokenRefused') : problem.message });
    }
  }

  leave(why) {
    forget();
    begin(null, null);
    who.me = null;
    this.setState({ me: null, problem: why ?? null, busy: false });
  }

  page(me) {
    const { parts } = this.state.address;
    for (const [pattern, roles, show] of pages) {
      const found = match(pattern, parts);
      if (found) return !roles || me.roles.some((role) => roles.includes(role)) ? <div class="page" key={parts.join('\n')}>{show(me, found)}</div> : <Nowhere title={t('notYours')} />;
    }
    return <Nowhere title={t('noSuchPage')} />;
  }

  render(props, { me, problem, busy, help, address }) {
    return (
      <div>
        <p id="said" class="vh" role="status" />
        <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main').focus())}>{t('skip')}</a>
        <header class="top">
          <a class="brand" href={me ? firstPage(me) : '#/'}>Milepost</a>
          {me ? (
            <nav aria-label={t('menu')}>
              {menu(me).map(([part, name]) => <a key={part} href={to([part])} aria-current={address.parts[0] === part || (address.parts[0] === 'edit' && part === 'courses') ? 'page' : undefined}>{name}</a>)}
            </nav>
          ) : null}
          {me ? (
            <div class="r">
              <LiveState />
              <span class="mu sm opt"><Name of={me.userId} />, {t(`role.${me.role}`)}</span>
              <button type="button" class="btn" aria-label={t('keys')} onClick={() => this.setState({ help: true })}>?</button>
              <button type="button" class="btn" id="leave" onClick={() => this.leave()}>{t('signOut')}</button>
            </div>
          ) : null}
        </header>
        <main id="main" tabIndex="-1">
          <Offline />
          {me ? this.page(me) : <SignIn problem={problem} busy={busy} onTokens={(given) => this.enter(given)} />}
        </main>
        {help ? <KeysHelp onClose={() => this.setState({ help: false })} /> : null}
      </div>
    );
  }
}

const Nowhere = ({ title }) => {
  document.title = `${title} - Milepost`;
  return <div class="page"><h1 tabIndex="-1">{title}</h1><p><a href="#/" onClick={() => setTimeout(() => location.reload())}>{t('toFirstPage')}</a></p></div>;
};

takeToken();
render(<App />, document.body);
