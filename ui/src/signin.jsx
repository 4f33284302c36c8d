// Signing in: a pasted token, or the organisation's own sign-in.
import { h, Component } from 'preact';
import { Trouble } from './parts.jsx';
import { provider, comeBack, leaveFor } from './oidc.js';
import { clean } from './session.js';
import { t } from './words.js';

export class SignIn extends Component {
  constructor(props) {
    super(props);
    this.state = { problem: null, away: false };
  }
  async componentDidMount() {
    document.title = `${t('signIn')} - Milepost`;
    try {
      const given = await comeBack();
      if (given) this.props.onTokens(given);
    } catch (problem) {
      this.setState({ problem: problem.message });
    }
  }
  submit(event) {
    event.preventDefault();
    const given = clean(this.field.value);
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(given)) return this.setState({ problem: t('noToken') });
    this.setState({ problem: null });
    this.props.onTokens([given]);
  }
  async leave() {
    this.setState({ away: true, problem: null });
    try {
      await leaveFor();
    } catch (problem) {
      this.setState({ away: false, problem: problem.message });
    }
  }
  render({ problem: told, busy }, { problem, away }) {
    const trouble = problem ?? told;
    return (
      <div class="page">
        <section class="card signin" aria-labelledby="signin-title">
          <h1 id="signin-title" tabIndex="-1">{t('signIn')}</h1>
          {provider() ? <p><button type="button" class="btn p wide" id="provider" disabled={away} onClick={() => this.leave()}>{t('signInWith', { name: provider().name })}</button></p> : null}
          <form onSubmit={(event) => this.submit(event)}>
            <label class="field"><span>{t('token')}</span>
              <textarea id="token" rows="4" required autocomplete="off" autocapitalize="off" spellcheck={false} aria-describedby="token-hint" ref={(field) => (this.field = field)} /></label>
            <p class="sm mu" id="token-hint">{t('tokenHint')}</p>
            {trouble ? <Trouble problem={{ message: trouble }} /> : null}
            <button class={provider() ? 'btn' : 'btn p'} disabled={busy}>{busy ? t('checking') : t('signIn')}</button>
          </form>
        </section>
      </div>
    );
  }
}
