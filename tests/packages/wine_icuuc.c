/* In place of the icuuc.dll that Windows has since 2017 and wine 8 has not: Qt asks it for old encodings, which nothing
 * here uses, and this one knows none. For the tests alone; nothing of it is installed. */

#define FOR_OTHERS __declspec(dllexport)
#define NOTHING(name) FOR_OTHERS int name(void) { return 0; }

FOR_OTHERS void *ucnv_open(const char *name, int *error) { (void)name; *error = 4; return 0; } /* U_FILE_ACCESS_ERROR */

NOTHING(UCNV_FROM_U_CALLBACK_SUBSTITUTE)
NOTHING(UCNV_TO_U_CALLBACK_SUBSTITUTE)
NOTHING(ucnv_cbFromUWriteUChars)
NOTHING(ucnv_cbToUWriteUChars)
NOTHING(ucnv_close)
NOTHING(ucnv_countAvailable)
NOTHING(ucnv_fromUCountPending)
NOTHING(ucnv_fromUnicode)
NOTHING(ucnv_getAvailableName)
NOTHING(ucnv_getFromUCallBack)
NOTHING(ucnv_getMaxCharSize)
NOTHING(ucnv_getName)
NOTHING(ucnv_getStandardName)
NOTHING(ucnv_getToUCallBack)
NOTHING(ucnv_reset)
NOTHING(ucnv_setFromUCallBack)
NOTHING(ucnv_setToUCallBack)
NOTHING(ucnv_toUCountPending)
NOTHING(ucnv_toUnicode)
