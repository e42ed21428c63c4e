// One chunk a language and app: the shared words and the app's own.
import app from "./console.es";
import kit from "./kit.es";

export default { ...kit, ...app };
