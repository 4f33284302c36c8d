// Finding one learner by id, and erasing one.
import { h, Component } from 'preact';
import { write } from '../api.js';
import { title } from '../page.js';
import { Dialog, Head, say } from '../parts.jsx';
import { go, to } from '../route.js';
import { t } from '../words.js';

export class Users extends Component {
  constructor(props) {
    super(props);
    this.state = { erase: null, done: null };
    title(t('menu.users'));
  }
  render(props, { erase, done }) {
    return (
      <div class="stackable">
        <Head title={t('menu.users')} />
        <div class="g21">
          <section class="card" aria-label={t('findLearner')}>
            <form class="stackable" onSubmit={(event) => (event.preventDefault(), go(to(['learners', this.find.value.trim()])))}>
              <h2>{t('findLearner')}</h2>
              <label class="field"><span>{t('userId')}</span><input class="inp" type="search" required ref={(field) => (this.find = field)} autocomplete="off" /></label>
              <div><button class="btn p">{t('show')}</button></div>
            </form>
          </section>
          <section class="card" aria-label={t('erase')}>
            <form class="stackable" onSubmit={(event) => (event.preventDefault(), this.setState({ erase: this.whom.value.trim(), done: null }))}>
              <h2>{t('erase')}</h2>
              <p class="mu">{t('eraseText')}</p>
              <label class="field"><span>{t('userId')}</span><input class="inp" required ref={(field) => (this.whom = field)} autocomplete="off" /></label>
              <div><button class="btn danger">{t('erase')}</button></div>
              {done ? <p class="note ok">{t('erased')}</p> : null}
            </form>
          </section>
        </div>
        {erase ? (
          <Dialog title={t('erase')} danger confirm={erase} yes={t('eraseYes')} onClose={() => this.setState({ erase: null })} onYes={async () => {
            await write('DELETE', `api/v1/users/${encodeURIComponent(erase)}`);
            this.setState({ done: erase });
            say(t('erased'));
          }}><p>{t('eraseText')}</p></Dialog>
        ) : null}
      </div>
    );
  }
}
