// One chunk a language and app: the shared words and the app's own.

import kit from "./kit.ar";
import app from "./portal.ar";

export default { ...kit, ...app };
