// A resolution hook: what `import` does not find beside the function's code is looked for in NODE_PATH.

import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const directories = (process.env.NODE_PATH ?? '').split(path.delimiter).filter(Boolean);

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    const bare = !/^(\.|\/|node:|file:|data:|#)/.test(specifier);
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !bare) throw error;
    for (const directory of directories) {
      // As if the importing file stood beside that node_modules, so that the package's own `exports` decide.
      const parentURL = pathToFileURL(path.join(directory, '..', 'noop.mjs')).href;
      try {
        return await next(specifier, { ...context, parentURL });
      } catch (again) {
        if (again.code !== 'ERR_MODULE_NOT_FOUND') throw again;
      }
      try {
        const found = module.createRequire(parentURL).resolve(path.join(directory, specifier));
        return { url: pathToFileURL(found).href, shortCircuit: true };
      } catch {
        // Not in this directory.
      }
    }
    throw error;
  }
}
