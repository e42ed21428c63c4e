// One chunk a language and app: the shared words and the app's own.
import app from "./portal.es";
import kit from "./kit.es";

export default { ...kit, ...app };
