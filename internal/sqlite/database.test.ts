/** The database on the sqlite3 addon. */

import { testDatabase } from '../../test/conformance/database.ts';
import { addonEngine } from './engine-choice.ts';

testDatabase(addonEngine);
