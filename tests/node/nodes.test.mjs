// Three server processes on one PostgreSQL and one NATS: what clients see of them while things break.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sleep } from './client.mjs';
import { within, withCluster } from './nodes/cluster.mjs';
import { percentiles, Scene } from './nodes/sending.mjs';

const timeout = 60_000;

describe('messages between nodes', { concurrency: 2 }, () => {
  test('in a calm everybody is told everything once and in order, from node to node', { timeout }, withCluster({}, async (cluster, t) => {
    const scene = await Scene.set(cluster);
    scene.start();
    scene.roam(100);
    await sleep(8000);
    const { levelAfter } = await scene.verify();
    const across = scene.lags({ from: (sender, receiver) => sender !== receiver });
    t.diagnostic(`${scene.sum()}; level after ${levelAfter} ms; to other nodes: ${percentiles(across)}`);
    assert.deepEqual(scene.watchers.map(({ account }) => account.reloads).filter((reloads) => reloads > 0), []);
  }));
});
