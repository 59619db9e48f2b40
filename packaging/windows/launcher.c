/* Starts the program in the folder lib beside this one with the Python that lies there. It is compiled twice: with a
 * console for palma-check, without one for palma-wizard. MODULE names what has the function main. */

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define WIDE_(text) L##text
#define WIDE(text) WIDE_(text)
#define DAMAGED 6 /* as palma-check's own exit code */

typedef int (*py_main)(int, wchar_t **);

int _dowildcard = 0; /* "*" in an argument is the program's to read */

static int damaged(void)
{
    static const wchar_t text[] = L"A file of PalmaBot Setup Wizard is missing or damaged. Please install it again.";
    if (WINDOWED)
        MessageBoxW(NULL, text, L"PalmaBot Setup Wizard", MB_ICONERROR);
    else
        fwprintf(stderr, L"%ls\n", text);
    return DAMAGED;
}

int wmain(int argc, wchar_t **argv)
{
    static wchar_t place[32768 + 32];
    wchar_t *name;
    wchar_t **given;
    HMODULE python;
    py_main run = NULL;
    int each, code;

    if (GetModuleFileNameW(NULL, place, 32768) == 0 || (name = wcsrchr(place, L'\\')) == NULL)
        return damaged();
    /* Libraries are looked for here and in Windows's own folder: not in PATH, nor where the program was started. */
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    wcscpy(name, L"\\lib");
    AddDllDirectory(place);
    wcscpy(name, L"\\lib\\PySide6");
    AddDllDirectory(place);
    wcscpy(name, L"\\lib\\python311.zip");
    if (GetFileAttributesW(place) == INVALID_FILE_ATTRIBUTES) /* Python would end without a word */
        return damaged();
    wcscpy(name, L"\\lib\\python311.dll");
    python = LoadLibraryExW(place, NULL, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    if (python != NULL)
        run = (py_main)(void *)GetProcAddress(python, "Py_Main");
    given = calloc(argc + 6, sizeof *given);
    if (run == NULL || given == NULL)
        return damaged();
    given[0] = argv[0];
    given[1] = L"-I"; /* the person's own Python, its settings and its packages have no say */
    given[2] = L"-X";
    given[3] = L"utf8";
    given[4] = L"-c";
    given[5] = L"try:\n from " WIDE(MODULE) L" import main\n raise SystemExit(main())\nexcept ImportError:\n pass";
    for (each = 1; each < argc; each++)
        given[5 + each] = argv[each];
    code = run(argc + 5, given);
    /* SystemExit has ended the process. So a file could not be loaded, or there is an error, which only a console shows. */
    return code == 0 || WINDOWED ? damaged() : code;
}
