import type { Backend } from './backend.ts';
import { until } from './wait.ts';
import type { WebPage } from './web-page.ts';
import type { WebSdkPages } from './websdk-pages.ts';

type Story = {
  readonly pages: WebSdkPages<WebPage>;
  /** What a user writes into the pages' URL field. */
  readonly socketUrl: string;
  /** Of the stream that both pages name. */
  readonly name: string;
  readonly backend: Backend;
  /** Calls `/rest-api/stream/terminate`, and returns the status of the answer. */
  terminate(filter: object): Promise<number>;
};

/**
 * `streaming.html` publishes and `player.html` plays. The backend ends both by a 403, REST ends both, and the pages
 * stop by themselves. After each end the page starts the stream again.
 */
export async function tellStory({ backend, name, pages, socketUrl, terminate }: Story): Promise<void> {
  const publisher = await pages.streaming(socketUrl, name);
  await publisher.publish();
  const player = await pages.player(socketUrl, name);
  await player.play();

  // A 403 for the playback stops the viewer only.
  backend.refuseKeepAlive(({ published }) => published === false);
  await player.shows({ status: 'FAILED', info: 'Terminated by keep-alive' });
  await player.showsText({ status: 'FAILED', info: 'Terminated by keep-alive' });
  await publisher.shows({ status: 'PUBLISHING', info: '' });
  backend.allowAll();
  await player.play();

  // A 403 for the publication stops both.
  backend.refuseKeepAlive(({ published }) => published === true);
  await publisher.shows({ status: 'FAILED', info: 'Terminated by keep-alive' });
  await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
  backend.allowAll();
  await publisher.publish();
  await player.play();

  // REST ends the viewers of a name, then everything.
  await expectStatus(terminate({ name, published: false }));
  await player.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
  await publisher.shows({ status: 'PUBLISHING', info: '' });
  await player.play();
  await expectStatus(terminate({}));
  await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
  await player.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });

  // The pages stop by themselves.
  await publisher.publish();
  await player.play();
  await player.press();
  await player.shows({ status: 'STOPPED', info: 'Stopped by user' });
  await player.play();
  await publisher.stop();
  await publisher.shows({ status: 'UNPUBLISHED', info: 'Stopped by user' });
  await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
  await publisher.disconnect();
  await until('the page has forgotten its session', async () => (await publisher.session()) === '');
}

async function expectStatus(answered: Promise<number>): Promise<void> {
  const status = await answered;
  if (status !== 200) throw new Error(`/stream/terminate was answered ${status}, not 200`);
}
