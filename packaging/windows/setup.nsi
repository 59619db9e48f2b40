; The installer for Windows: one person's, without an administrator. Run from the project's folder by build.sh, which
; defines VERSION, NUMBERS (the same as four numbers), FILES (what pack.py script wrote), OUT, and SIGN where there is a
; certificate; QUICK, for tests, compresses nothing.
;   setup.exe /S                  asks nothing; also repairs, and takes the place of another version
;   uninstall.exe /S [/KEYS]      asks nothing; with /KEYS it removes the saved keys and the settings too
; Exit codes beyond NSIS's own: 4, the program is running; 5, the saved keys could not be removed.

Target amd64-unicode
Unicode true
!ifdef QUICK
  SetCompress off
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif
SetDateSave off
AllowSkipFiles off
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user

!define NAME "PalmaBot Setup Wizard"
!define PUBLISHER "The PalmaBot Setup Wizard authors"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\PalmaBotSetupWizard"
!define MUI_ICON "build/windows/palma-wizard.ico"
!define MUI_UNICON "build/windows/palma-wizard.ico"
!define RUNNING 4
!define KEYS_STAY 5

!include MUI2.nsh
!include FileFunc.nsh

Name "${NAME}"
BrandingText "${NAME} ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${KEY}" InstallLocation
ShowInstDetails nevershow
ShowUninstDetails nevershow
!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
  !finalize '${SIGN} "%1"' = 0
!endif

!define MUI_WELCOMEFINISHPAGE_BITMAP build/windows/side.bmp
!define MUI_FINISHPAGE_TITLE "$(^Name)"
!define MUI_FINISHPAGE_RUN "$INSTDIR\palma-wizard.exe"
!define MUI_FINISHPAGE_RUN_TEXT "$(start)"
!define MUI_FINISHPAGE_SHOWREADME
!define MUI_FINISHPAGE_SHOWREADME_TEXT "$(desktop)"
!define MUI_FINISHPAGE_SHOWREADME_NOTCHECKED
!define MUI_FINISHPAGE_SHOWREADME_FUNCTION put_on_desktop
!insertmacro MUI_PAGE_LICENSE LICENSE
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_UNCONFIRMPAGE ; for its words
UninstPage custom un.ask un.answer
!insertmacro MUI_UNPAGE_INSTFILES

!include "${FILES}"

VIProductVersion "${NUMBERS}"
!macro ABOUT key value
  VIAddVersionKey /LANG=${LANG_ENGLISH} "${key}" "${value}"
!macroend
!insertmacro ABOUT ProductName "${NAME}"
!insertmacro ABOUT ProductVersion "${VERSION}"
!insertmacro ABOUT FileDescription "${NAME}"
!insertmacro ABOUT FileVersion "${VERSION}"
!insertmacro ABOUT CompanyName "${PUBLISHER}"
!insertmacro ABOUT LegalCopyright "MIT License"

!macro WAIT_UNTIL_CLOSED
  ; Windows lets nobody write to a library that is in use.
  retry:
  ${If} ${FileExists} "$INSTDIR\lib\python311.dll"
    ClearErrors
    FileOpen $0 "$INSTDIR\lib\python311.dll" a
    ${If} ${Errors}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(running)" /SD IDCANCEL IDRETRY retry
      SetErrorLevel ${RUNNING}
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

Section
  !insertmacro WAIT_UNTIL_CLOSED
  ${If} ${FileExists} "$INSTDIR\uninstall.exe"
    ExecWait '"$INSTDIR\uninstall.exe" /S /REPLACED _?=$INSTDIR' $0
    ${If} $0 <> 0
      SetErrorLevel $0
      Quit
    ${EndIf}
  ${EndIf}
  !insertmacro INSTALL
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\palma-wizard.exe"
  WriteRegStr HKCU "${KEY}" DisplayName "${NAME}"
  WriteRegStr HKCU "${KEY}" DisplayVersion "${VERSION}"
  WriteRegStr HKCU "${KEY}" DisplayIcon "$INSTDIR\palma-wizard.exe"
  WriteRegStr HKCU "${KEY}" Publisher "${PUBLISHER}"
  WriteRegStr HKCU "${KEY}" InstallLocation "$INSTDIR"
  WriteRegStr HKCU "${KEY}" UninstallString '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" EstimatedSize ${SIZE}
  WriteRegDWORD HKCU "${KEY}" NoModify 1
  WriteRegDWORD HKCU "${KEY}" NoRepair 1
SectionEnd

Function put_on_desktop
  CreateShortcut "$DESKTOP\${NAME}.lnk" "$INSTDIR\palma-wizard.exe"
FunctionEnd

Var remove_keys
Var box

Function un.onInit
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/KEYS" $1
  ${IfNot} ${Errors}
    StrCpy $remove_keys ${BST_CHECKED}
  ${EndIf}
FunctionEnd

Function un.ask
  !insertmacro MUI_HEADER_TEXT "$(MUI_UNTEXT_CONFIRM_TITLE)" "$(MUI_UNTEXT_CONFIRM_SUBTITLE)"
  nsDialogs::Create 1018
  Pop $0
  nsDialogs::SetRTL $(^RTL)
  ${NSD_CreateCheckbox} 0 4u 100% 12u "$(keys)"
  Pop $box
  ${NSD_SetState} $box $remove_keys
  ${NSD_CreateLabel} 12u 20u -12u 40u "$(keys_about)"
  Pop $0
  GetDlgItem $0 $HWNDPARENT 1
  SendMessage $0 ${WM_SETTEXT} 0 "STR:$(^UninstallBtn)"
  nsDialogs::Show
FunctionEnd

Function un.answer
  ${NSD_GetState} $box $remove_keys
FunctionEnd

!macro FORGET arguments
  nsExec::ExecToStack '"$INSTDIR\palma-check.exe" ${arguments}--forget --all'
  Pop $0
  Pop $1
  ${If} $0 != 0
    MessageBox MB_YESNO|MB_ICONEXCLAMATION|MB_DEFBUTTON2 "$(keys_stay)" /SD IDNO IDYES +3
    SetErrorLevel ${KEYS_STAY}
    Quit
  ${EndIf}
!macroend

Section un.
  !insertmacro WAIT_UNTIL_CLOSED
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/REPLACED" $1
  ${If} ${Errors}
    ${If} $remove_keys == ${BST_CHECKED}
      !insertmacro FORGET ""
      !insertmacro FORGET "--practice "
      RMDir /r "$LOCALAPPDATA\palma-wizard"
    ${EndIf}
    Delete "$SMPROGRAMS\${NAME}.lnk"
    Delete "$DESKTOP\${NAME}.lnk"
    DeleteRegKey HKCU "${KEY}"
  ${EndIf}
  !insertmacro REMOVE
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
SectionEnd
