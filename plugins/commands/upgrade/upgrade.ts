/** `micro upgrade`: the installed program becomes the latest release, the one of --version, or with --rollback the one before. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { installedProgram } from '../../../internal/release/installed-program.ts';
import { installRelease } from '../../../internal/release/install-release.ts';
import { type Place, previousOf } from '../../../internal/release/replace-program.ts';
import { rollBack } from '../../../internal/release/roll-back.ts';

import type { config, flags, needs } from './plugin.ts';

type UpgradeCall = Call<typeof flags>;
type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: UpgradeCall, ctx: Context): Promise<void> => {
  const place: Place = { program: installedProgram('git pull'), platform: process.platform };
  if (!call.flags.rollback) return install(place, call, ctx);
  if (call.flags.version) throw new ExitError('--version and --rollback exclude each other', 1);
  const version = await rollBack(place, ctx.signal);
  if (call.out.format === 'json') return call.out.json({ version, program: place.program, changed: true });
  call.out.line(`micro ${version} is back: ${place.program}`);
  call.out.note('once more undoes it: micro upgrade --rollback');
};

const install = async (place: Place, call: UpgradeCall, ctx: Context): Promise<void> => {
  const url = ctx.config.install_url;
  if (!url)
    throw new ExitError(
      'there are no releases yet: set MICRO_INSTALL_URL to the address of a folder that holds them',
      1,
    );
  const running = `v${ctx.needs.host.version}`;
  const { version, changed } = await installRelease({
    ...place,
    url,
    running,
    arch: process.arch,
    version: call.flags.version || undefined,
    signal: ctx.signal,
    onDownload: (next, asset) => call.out.note(`downloading micro ${next} (${asset})`),
  });
  if (call.out.format === 'json') return call.out.json({ version, program: place.program, changed });
  if (!changed) return call.out.line(`micro ${version} is installed already: ${place.program}`);
  call.out.line(`micro ${version} is installed: ${place.program}`);
  call.out.note(`${running} is kept as ${previousOf(place)}, to go back: micro upgrade --rollback`);
};
