/* The words of the sign-in and permission pages in English, Spanish and Arabic, written for grade
 * six. What people call the types of resources, too. Nothing here decides anything. */
#include "api/oauth_api_int.h"

/* clang-format off */
static const char *const words[W_COUNT][LANGUAGE_COUNT] = {
    [W_SIGN_IN] = {"Sign in", "Iniciar sesión", "تسجيل الدخول"},
    [W_FOR_APP] = {"to use the app", "para usar la aplicación", "لاستخدام التطبيق"},
    [W_USER] = {"User name", "Nombre de usuario", "اسم المستخدم"},
    [W_PASSWORD] = {"Password", "Contraseña", "كلمة السر"},
    [W_CODE] = {"Code", "Código", "الرمز"},
    [W_CODE_HINT] = {"Six digits, if your account has a second step.", "Seis cifras, si su cuenta tiene un segundo paso.", "ستة أرقام، إذا كان لحسابك خطوة ثانية."},
    [W_NEXT] = {"Next", "Siguiente", "التالي"},
    [W_PATIENT] = {"Choose the patient", "Elija al paciente", "اختر المريض"},
    [W_WHOSE] = {"Whose record?", "¿De quién es el expediente?", "سجلّ من؟"},
    [W_NO_SHARE] = {"Nobody shares their record with you now.", "Nadie comparte ahora su expediente con usted.", "لا أحد يشارك سجلّه معك الآن."},
    [W_NAME] = {"Name", "Nombre", "الاسم"},
    [W_SEARCH] = {"Search", "Buscar", "بحث"},
    [W_NOBODY] = {"Nobody was found. Try another name.", "No se encontró a nadie. Pruebe otro nombre.", "لم نجد أحدا. جرّب اسما آخر."},
    [W_BORN] = {"born", "nació el", "تاريخ الميلاد"},
    [W_VISIT] = {"Choose the visit", "Elija la visita", "اختر الزيارة"},
    [W_NO_VISIT] = {"No visit", "Ninguna visita", "بدون زيارة"},
    [W_WANTS] = {"Let this app in?", "¿Dejar entrar a esta aplicación?", "هل تسمح لهذا التطبيق؟"},
    [W_ASKS] = {"It asks for this. Take away the mark where you say no.", "Pide esto. Quite la marca donde diga que no.", "يطلب ما يلي. أزل العلامة عمّا لا توافق عليه."},
    [W_ABOUT_ONE] = {"About one patient only", "Solo de un paciente", "عن مريض واحد فقط"},
    [W_ABOUT_ALL] = {"About everyone you may see", "De todas las personas que usted puede ver", "عن كل من يحق لك الاطلاع عليه"},
    [W_SEE] = {"see", "ver", "الاطلاع"},
    [W_ADD] = {"add", "añadir", "الإضافة"},
    [W_CHANGE] = {"change", "cambiar", "التعديل"},
    [W_DELETE] = {"delete", "borrar", "الحذف"},
    [W_ONLY] = {"only", "solo", "فقط"},
    [W_WHO] = {"It learns who you are.", "Sabrá quién es usted.", "سيعرف من أنت."},
    [W_EMAIL] = {"It learns your e-mail address.", "Sabrá su correo electrónico.", "سيعرف بريدك الإلكتروني."},
    [W_WHO_ELSE] = {"It learns which patient this is about.", "Sabrá de qué paciente se trata.", "سيعرف من هو المريض."},
    [W_STAY] = {"It may keep looking for 90 days, also when you are away.", "Podrá seguir entrando 90 días, también cuando usted no esté.", "يمكنه الاستمرار 90 يوما، حتى في غيابك."},
    [W_STAY_ONLINE] = {"It stays signed in while you use it.", "Seguirá conectada mientras usted la use.", "يبقى متصلا أثناء استخدامك له."},
    [W_ALLOW] = {"Allow", "Permitir", "أسمح"},
    [W_DENY] = {"Do not allow", "No permitir", "لا أسمح"},
    [W_LATER] = {"You can say no. Your care stays the same.", "Puede decir que no. Su atención no cambia.", "يمكنك الرفض. لن تتغير رعايتك."},
    [W_STOPPED] = {"The app could not be opened", "No se pudo abrir la aplicación", "تعذر فتح التطبيق"},
    [W_ALL_TYPES] = {"All of the record", "Todo el historial", "السجل كله"},
    [W_OPEN] = {"Go on as I am signed in here", "Seguir con mi sesión abierta", "المتابعة بجلستي المفتوحة"},
    [W_OUTSIDE] = {"Sign in through your work or school", "Entrar con su organización", "الدخول عبر مؤسستك"},
};
static const struct {
    const char *type, *word[LANGUAGE_COUNT];
} types[] = {
    {"Patient", {"Name, birth date, address", "Nombre, fecha de nacimiento, dirección", "الاسم وتاريخ الميلاد والعنوان"}},
    {"Observation", {"Readings and test results", "Mediciones y resultados", "القراءات ونتائج الفحوص"}},
    {"Condition", {"Health problems", "Problemas de salud", "المشاكل الصحية"}},
    {"AllergyIntolerance", {"Allergies", "Alergias", "الحساسية"}},
    {"MedicationRequest", {"Medicines", "Medicinas", "الأدوية"}},
    {"MedicationStatement", {"Medicines you take", "Medicinas que toma", "الأدوية التي تتناولها"}},
    {"MedicationAdministration", {"Medicines that were given", "Medicinas administradas", "الأدوية المعطاة"}},
    {"MedicationDispense", {"Medicines from the pharmacy", "Medicinas de la farmacia", "الأدوية من الصيدلية"}},
    {"Medication", {"List of medicines", "Lista de medicinas", "قائمة الأدوية"}},
    {"Immunization", {"Vaccines", "Vacunas", "اللقاحات"}},
    {"Procedure", {"Treatments and operations", "Tratamientos y operaciones", "العلاجات والعمليات"}},
    {"DiagnosticReport", {"Test reports", "Informes de pruebas", "تقارير الفحوص"}},
    {"DocumentReference", {"Documents", "Documentos", "الوثائق"}},
    {"Encounter", {"Visits", "Visitas", "الزيارات"}},
    {"Appointment", {"Appointments", "Citas", "المواعيد"}},
    {"CarePlan", {"Care plans", "Planes de atención", "خطط الرعاية"}},
    {"CareTeam", {"Care team", "Equipo de atención", "فريق الرعاية"}},
    {"Goal", {"Goals", "Metas", "الأهداف"}},
    {"Coverage", {"Insurance", "Seguro", "التأمين"}},
    {"Communication", {"Messages", "Mensajes", "الرسائل"}},
    {"Task", {"Tasks", "Tareas", "المهام"}},
    {"Device", {"Devices", "Aparatos", "الأجهزة"}},
    {"RelatedPerson", {"Family and helpers", "Familia y ayudantes", "العائلة والمساعدون"}},
    {"Practitioner", {"Names of staff", "Nombres del personal", "أسماء العاملين"}},
    {"Organization", {"Clinics", "Clínicas", "العيادات"}},
    {"Location", {"Places", "Lugares", "الأماكن"}},
    {"QuestionnaireResponse", {"Answers to questions", "Respuestas a preguntas", "الأجوبة على الأسئلة"}},
    {"Consent", {"What was agreed", "Lo acordado", "الموافقات"}},
    {"AuditEvent", {"Who looked at the record", "Quién miró el historial", "من اطلع على السجل"}},
};
/* clang-format on */

const char *oauth_word(enum language l, enum oauth_word w)
{
    return words[w][l];
}

str oauth_type_word(enum language l, int type)
{
    str name = policy_type_name(type);
    if (type == POLICY_TYPE_SYSTEM)
        return str_of(words[W_ALL_TYPES][l]);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eq(name, str_of(types[i].type)))
            return str_of(types[i].word[l]);
    return name;
}

enum language oauth_language_of(struct call *c, const struct oauth_launch *l)
{
    if (!l || l->account.language.n < 2)
        return language_wanted(c);
    enum language own = language_of(l->account.language);
    return own == LANGUAGE_COUNT ? LANGUAGE_EN : own;
}
