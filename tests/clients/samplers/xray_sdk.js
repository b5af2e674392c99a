// The X-Ray SDK's sampler for Node, at an even pace, as pace.py. Arguments: requests a second, paths.
const { sampler } = require('aws-xray-sdk-core').middleware;

const [perSecond, ...paths] = process.argv.slice(2);
const now = () => Math.floor(Date.now() / 1000);

function second(at) {
  const counts = Object.fromEntries(paths.map((path) => [path, [0, 0]]));
  let whole = true;
  let number = 0;
  const next = () => {
    if (number === Number(perSecond)) {
      console.log(JSON.stringify({ second: at, whole, counts }));
      second(now() + 1);
      return;
    }
    for (const path of paths) {
      const before = now();
      const kept = sampler.shouldSample({ host: 'shop.test', httpMethod: 'GET', urlPath: path, serviceName: 'shop' });
      whole = whole && before === at && now() === at;
      counts[path][0] += 1;
      counts[path][1] += kept ? 1 : 0;
    }
    number += 1;
    wait();
  };
  const wait = () => setTimeout(next, Math.max(0, (at + 0.05 + (0.85 * number) / perSecond) * 1000 - Date.now()));
  wait();
}

second(now() + 1);
