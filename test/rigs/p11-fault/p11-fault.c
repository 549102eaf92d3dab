/*
 * A PKCS#11 module that stands before another one, counts calls and makes them slow, failing or wrong.
 *
 *   P11_FAULT_MODULE   path of the module that does the work
 *   P11_FAULT_CONTROL  file of lines "FUNCTION DELAY_MS RETURN_VALUE COUNT", such as "C_Sign 30000 0 1": the next COUNT
 *                      calls wait, then return the value instead of calling; 0 calls. "corrupt" as RETURN_VALUE calls,
 *                      then changes a byte of the signature. Read again when the file changes; COUNT starts again then.
 *   P11_FAULT_LOG      file that gets the name of each intercepted function, a line for each call
 */
#define CK_PTR *
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#ifndef NULL_PTR
#define NULL_PTR 0
#endif
#include "pkcs11.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CORRUPT (~0UL)
#define MAX_RULES 32

struct rule {
  char function[40];
  long delay_ms;
  unsigned long rv;
  long count;
};

static CK_FUNCTION_LIST_PTR real;
static CK_FUNCTION_LIST ours;
static struct rule rules[MAX_RULES];
static int rule_count;
static struct stat seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void read_rules(void) {
  const char *path = getenv("P11_FAULT_CONTROL");
  struct stat now;
  if (!path || stat(path, &now) != 0) {
    rule_count = 0;
    return;
  }
  if (now.st_ino == seen.st_ino && now.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == seen.st_mtim.tv_nsec)
    return;
  seen = now;
  rule_count = 0;
  FILE *file = fopen(path, "r");
  if (!file) return;
  char value[32];
  while (rule_count < MAX_RULES) {
    struct rule *r = &rules[rule_count];
    if (fscanf(file, "%39s %ld %31s %ld", r->function, &r->delay_ms, value, &r->count) != 4) break;
    r->rv = strcmp(value, "corrupt") == 0 ? CORRUPT : strtoul(value, NULL, 0);
    rule_count++;
  }
  fclose(file);
}

/* Logs the call, waits as the rule says, and answers its return value; 0 where there is none. */
static unsigned long meet(const char *function) {
  long delay_ms = 0;
  unsigned long rv = 0;
  pthread_mutex_lock(&lock);
  const char *log = getenv("P11_FAULT_LOG");
  int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
  if (fd >= 0) {
    dprintf(fd, "%s\n", function);
    close(fd);
  }
  read_rules();
  for (int i = 0; i < rule_count; i++) {
    if (strcmp(rules[i].function, function) != 0 || rules[i].count <= 0) continue;
    rules[i].count--;
    delay_ms = rules[i].delay_ms;
    rv = rules[i].rv;
    break;
  }
  pthread_mutex_unlock(&lock);
  if (delay_ms > 0) {
    struct timespec t = {delay_ms / 1000, (delay_ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
  }
  return rv;
}

#define INTERCEPT(name, parameters, arguments)           \
  static CK_RV our_##name parameters {                   \
    unsigned long rv = meet(#name);                      \
    return rv != 0 && rv != CORRUPT ? rv : real->name arguments; \
  }

INTERCEPT(C_Initialize, (CK_VOID_PTR a), (a))
INTERCEPT(C_Finalize, (CK_VOID_PTR a), (a))
INTERCEPT(C_GetSlotList, (CK_BBOOL a, CK_SLOT_ID_PTR b, CK_ULONG_PTR c), (a, b, c))
INTERCEPT(C_GetTokenInfo, (CK_SLOT_ID a, CK_TOKEN_INFO_PTR b), (a, b))
INTERCEPT(C_OpenSession, (CK_SLOT_ID a, CK_FLAGS b, CK_VOID_PTR c, CK_NOTIFY d, CK_SESSION_HANDLE_PTR e), (a, b, c, d, e))
INTERCEPT(C_CloseSession, (CK_SESSION_HANDLE a), (a))
INTERCEPT(C_CloseAllSessions, (CK_SLOT_ID a), (a))
INTERCEPT(C_GetSessionInfo, (CK_SESSION_HANDLE a, CK_SESSION_INFO_PTR b), (a, b))
INTERCEPT(C_Login, (CK_SESSION_HANDLE a, CK_USER_TYPE b, CK_UTF8CHAR_PTR c, CK_ULONG d), (a, b, c, d))
INTERCEPT(C_FindObjectsInit, (CK_SESSION_HANDLE a, CK_ATTRIBUTE_PTR b, CK_ULONG c), (a, b, c))
INTERCEPT(C_GetAttributeValue, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE_PTR c, CK_ULONG d), (a, b, c, d))
INTERCEPT(C_SignInit, (CK_SESSION_HANDLE a, CK_MECHANISM_PTR b, CK_OBJECT_HANDLE c), (a, b, c))

static CK_RV our_C_Sign(CK_SESSION_HANDLE a, CK_BYTE_PTR b, CK_ULONG c, CK_BYTE_PTR d, CK_ULONG_PTR e) {
  unsigned long rv = meet("C_Sign");
  if (rv != 0 && rv != CORRUPT) return rv;
  CK_RV result = real->C_Sign(a, b, c, d, e);
  if (rv == CORRUPT && result == CKR_OK && d != NULL && *e > 10) d[10] ^= 1;
  return result;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  const char *path = getenv("P11_FAULT_MODULE");
  void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!module) return CKR_GENERAL_ERROR;
  CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) =
      (CK_RV(*)(CK_FUNCTION_LIST_PTR_PTR))dlsym(module, "C_GetFunctionList");
  if (!get) return CKR_GENERAL_ERROR;
  CK_RV rv = get(&real);
  if (rv != CKR_OK) return rv;
  ours = *real;
#define OURS(name) ours.name = our_##name
  OURS(C_Initialize);
  OURS(C_Finalize);
  OURS(C_GetSlotList);
  OURS(C_GetTokenInfo);
  OURS(C_OpenSession);
  OURS(C_CloseSession);
  OURS(C_CloseAllSessions);
  OURS(C_GetSessionInfo);
  OURS(C_Login);
  OURS(C_FindObjectsInit);
  OURS(C_GetAttributeValue);
  OURS(C_SignInit);
  OURS(C_Sign);
  *list = &ours;
  return CKR_OK;
}
