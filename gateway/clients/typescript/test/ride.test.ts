import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { type DriverHears, DriverSession, Hansom, HansomError, Refused, SessionEnded, type SocketLike } from '../dist/index.js';
import { Server } from './server.ts';

const here = { lat: 40.75, lon: -73.98 };
const there = { lat: 40.76, lon: -73.98 };
let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

const rider = (name: string) => new Hansom({ url: server.url, token: server.token('rider', name) });

/** A driver who keeps all that was heard, and whose lines can be cut. */
function driver(name: string) {
  const heard: DriverHears[] = [];
  const lines: WebSocket[] = [];
  const wanted = new Set<() => void>();
  class Line extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      lines.push(this);
    }
  }
  const session = new DriverSession({
    url: server.url,
    token: () => server.token('driver', name),
    WebSocket: Line as unknown as new (url: string, protocols: string[]) => SocketLike,
    on: (message) => {
      heard.push(message);
      wanted.forEach((look) => look());
    },
  });
  const hears = <T extends DriverHears['type']>(type: T, such = (_: Extract<DriverHears, { type: T }>) => true) =>
    new Promise<Extract<DriverHears, { type: T }>>((resolve) => {
      const look = () => {
        const found = heard.find((one) => one.type === type && such(one as Extract<DriverHears, { type: T }>));
        if (found === undefined) return;
        wanted.delete(look);
        resolve(found as Extract<DriverHears, { type: T }>);
      };
      wanted.add(look);
      look();
    });
  return { session, heard, hears, cut: () => lines.at(-1)?.terminate() };
}

async function drive({ session }: ReturnType<typeof driver>, trip: string) {
  for (const type of ['arrived', 'picked_up', 'dropped_off'] as const) {
    const moved = await session.command({ type, trip });
    assert.equal(moved.type, 'trip');
  }
}

test('a ride is quoted, requested, driven and followed to its end', async () => {
  const ann = driver('ann');
  await ann.session.command({ type: 'online', ...here });
  const rita = rider('rita');
  const quote = await rita.quote({ pickup: here, dropoff: there });
  assert.ok(quote.fare.amount_minor > 0);
  const trip = await rita.requestTrip({ pickup: here, dropoff: there, quote: quote.quote }, 'monday');
  assert.deepEqual(trip.fare, quote.fare);
  const again = await rita.requestTrip({ pickup: here, dropoff: there, quote: quote.quote }, 'monday');
  assert.equal(again.id, trip.id, 'the same key is the same trip');

  const states: string[] = [];
  const followed = (async () => {
    for await (const { history } of rita.follow(trip.id)) states.splice(0, states.length, ...history.map(({ state }) => state));
  })();
  const offer = await ann.hears('offer');
  assert.equal((await ann.session.command({ type: 'accept', offer: offer.offer })).type, 'trip');
  await drive(ann, trip.id);
  await followed;
  assert.deepEqual(states, ['searching', 'en_route', 'arrived', 'in_progress', 'completed']);
  ann.session.close();
});

test('a line that breaks in the middle of an offer is taken up again, and nothing is missed', async () => {
  const bea = driver('bea');
  await bea.session.command({ type: 'online', ...here });
  const rudi = rider('rudi');
  await rudi.requestTrip({ pickup: here, dropoff: there });
  const offer = await bea.hears('offer');
  bea.cut();
  bea.session.ping({ ...here, at_ms: Date.now() });
  assert.equal(bea.session.kept > 0, true, 'a position that cannot be sent is kept');
  const moved = await bea.session.command({ type: 'accept', offer: offer.offer });
  assert.equal(moved.type, 'trip');
  await bea.hears('resumed', ({ complete }) => complete);
  await bea.hears('ack');
  assert.equal(bea.session.kept, 0, 'what is acknowledged is forgotten');
  await drive(bea, offer.trip);
  bea.session.close();
});

test('a server that is killed finds its driver on line again, and a trip goes on', async () => {
  const cleo = driver('cleo');
  await cleo.session.command({ type: 'online', ...here });
  const rosa = rider('rosa');
  const trip = await rosa.requestTrip({ pickup: here, dropoff: there });
  const { offer } = await cleo.hears('offer');
  await cleo.session.command({ type: 'accept', offer });
  await server.crash();
  assert.equal((await rosa.trip(trip.id)).state, 'en_route', 'what was acknowledged is not lost');
  await drive(cleo, trip.id);
  assert.equal((await rosa.trip(trip.id)).state, 'completed');
  cleo.session.close();
});

test('what the server refuses is an error with a code', async () => {
  const rosa = rider('rosa');
  const nowhere = { pickup: { lat: 91, lon: 0 }, dropoff: there };
  await assert.rejects(rosa.quote(nowhere), (error: HansomError) => {
    assert.deepEqual([error.code, error.problem.field, error.problem.value], ['bad_value', 'pickup.lat', '91']);
    assert.ok(error.requestId);
    return true;
  });
  const forged = new Hansom({ url: server.url, token: 'no.token.atall' });
  await assert.rejects(forged.trip('x'), (error: HansomError) => error.problem.status === 401);
  const dora = driver('dora');
  await assert.rejects(dora.session.command({ type: 'accept', offer: 'not-an-offer' }), Refused);
  dora.session.close();
  await assert.rejects(dora.session.command({ type: 'offline' }), SessionEnded);
});

test('a newer session of the same driver ends the older one', async () => {
  const first = driver('emma');
  await first.session.command({ type: 'online', ...here });
  const second = driver('emma');
  await second.hears('standing');
  await first.hears('superseded');
  await assert.rejects(async () => {
    for (;;) await first.session.command({ type: 'break' });
  }, SessionEnded);
  second.session.close();
});
