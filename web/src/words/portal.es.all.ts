// One chunk a language and app: the shared words and the app's own.

import kit from "./kit.es";
import app from "./portal.es";

export default { ...kit, ...app };
