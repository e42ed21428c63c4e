// One chunk a language and app: the shared words and the app's own.
import app from "./portal.ar";
import kit from "./kit.ar";

export default { ...kit, ...app };
