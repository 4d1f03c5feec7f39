// Three server processes on one PostgreSQL and one NATS: what clients are told while things break.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sleep } from '../client.mjs';
import { within, withCluster } from './cluster.mjs';
import { percentiles, Scene } from './sending.mjs';

const timeout = 60_000;
/** NATS is tried again after at most 4 s, and may take 3 s to let a node in. */
const JOINED_MS = 8000;

const isOther = (sender, receiver) => sender !== receiver;

/** A cluster that messages are sent over while something happens to it, after which all of them are checked. */
const underSending = (options, happens) => withCluster(options, async (cluster, t) => {
  const scene = await Scene.set(cluster, options);
  scene.start();
  await happens(scene, cluster, t);
  const levelAfter = await scene.verify();
  t.diagnostic(`${scene.sum()}; level after ${levelAfter} ms; to other nodes: ${percentiles(scene.lags({ pair: isOther }))}`);
});

// What measures time has the machine to itself.
describe('messages between nodes', () => {
  test('in a calm everybody is told everything once and in order, from node to node', { timeout }, underSending({}, async (scene, _, t) => {
    await sleep(4000);
    t.diagnostic(`to clients that stay: ${percentiles(scene.lags({ pair: isOther }))}`);
    scene.roam(150);
    await sleep(5000);
    assert.deepEqual(scene.watchers.filter(({ account }) => account.reloads > 0).length, 0, 'nobody reloads');
  }));

  test('a node without the bus for 20 s serves its clients, and is level when it is back', { timeout }, underSending(
    { stays: (n) => n < 3 || n === 7 },
    async (scene, cluster, t) => {
      const cut = cluster.nodes[1];
      scene.roam(500);
      await sleep(1500);
      const began = performance.now();
      await cut.proxy.cut();
      await within(1000, 'the end of the bus', async () => (await cluster.readyz(1)).bus === 'down');
      assert.deepEqual(await cluster.readyz(1), { status: 'degraded', store: 'up', bus: 'down', node: 1 });
      assert.equal((await cluster.readyz(0)).status, 'ready');
      // With nothing to commit, it still asks the store.
      await sleep(14_000);
      scene.avoided = 1;
      const quiet = performance.now();
      await sleep(20_000 - (quiet - began));

      const [mended, heads] = [performance.now(), scene.heads()];
      const [own, in1] = [(from, to) => from === 1 && to === 1, (from, to) => from !== 1 && to === 1];
      const busy = scene.lags({ pair: own, since: began, until: quiet });
      const idle = scene.lags({ pair: in1, since: quiet + 1000, until: mended - 2500 });
      t.diagnostic(`without the bus, on the node: ${percentiles(busy)}; its acks: ${percentiles(scene.acks({ node: 1, since: began, until: quiet }))}`);
      t.diagnostic(`without the bus, to the node from others: ${percentiles(idle)}`);
      await cut.proxy.mend();
      await within(2000, 'what was acked', () => scene.lacking(heads).every((lacks) => lacks === 0));
      const joined = await within(JOINED_MS, 'the bus', async () => (await cluster.readyz(1)).status === 'ready');
      t.diagnostic(`joined after ${joined} ms`);
      assert.ok(busy.length > 500 && busy.at(-1) < 1500, 'its own clients are told at once');
      assert.ok(idle.length > 100 && idle.at(-1) < 2500, 'and of others soon');
      scene.avoided = undefined;
    },
  ));
});

describe('messages between nodes that break', { concurrency: 2 }, () => {
  test('nodes that are killed and started again, in turn, lose nothing', { timeout }, underSending({}, async (scene, cluster) => {
    scene.roam(400);
    for (let kill = 0; kill < 9; kill += 1) {
      await cluster.kill(kill % 3);
      await sleep(400);
      await cluster.startNode(kill % 3);
      await sleep(700);
    }
  }));

  test('a bus that loses a tenth of all packets loses no message', { timeout }, underSending({ seed: 7 }, async (scene, cluster, t) => {
    scene.roam(300);
    for (const { proxy } of cluster.nodes) proxy.loses = 0.1;
    await sleep(15_000);
    const lost = cluster.nodes.map(({ proxy: { lost, passed } }) => `${lost} of ${lost + passed}`);
    t.diagnostic(`lost: ${lost.join(', ')}`);
    // On a busy machine commits are fewer and larger, and so are packets.
    assert.ok(cluster.nodes.every(({ proxy }) => proxy.lost >= 10));
  }));

  test('nodes serve without NATS from their start, and are joined when it comes', { timeout }, underSending({ isCut: true }, async (scene, cluster, t) => {
    scene.roam(200);
    await sleep(4000);
    for (const { number } of cluster.nodes) assert.equal((await cluster.readyz(number)).status, 'degraded');
    const alone = performance.now();
    t.diagnostic(`by the store alone: ${percentiles(scene.lags({ pair: isOther }))}`);
    assert.ok(scene.lags({ pair: isOther }).length > 500);
    for (const { proxy } of cluster.nodes) await proxy.mend();
    await Promise.all(cluster.nodes.map(({ number }) => (
      within(JOINED_MS, 'the bus', async () => (await cluster.readyz(number)).status === 'ready')
    )));
    t.diagnostic(`joined after ${Math.round(performance.now() - alone)} ms`);
    // Each has to hear that the others live.
    await sleep(1500);
    const joined = performance.now();
    await sleep(2500);
    const quick = scene.lags({ pair: isOther, since: joined, until: performance.now() - 500 });
    t.diagnostic(`by NATS: ${percentiles(quick)}`);
    assert.ok(quick.length > 100);
  }));
});
