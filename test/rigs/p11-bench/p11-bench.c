/*
 * How many signatures a PKCS#11 module makes when nothing but C calls it: SignInit and Sign in a loop, one session and one
 * thread each. Prints one line of JSON.
 *
 *   p11-bench MODULE TOKEN_LABEL PIN KEY_LABEL MECHANISM INPUT_BYTES THREADS SECONDS
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
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static CK_FUNCTION_LIST_PTR p11;
static CK_MECHANISM mechanism;
static CK_BYTE input[4096];
static CK_ULONG input_bytes;
static double until;

struct worker {
  pthread_t thread;
  CK_SESSION_HANDLE session;
  CK_OBJECT_HANDLE key;
  long signatures;
};

static void must(const char *what, CK_RV rv) {
  if (rv == CKR_OK) return;
  fprintf(stderr, "%s: 0x%lx\n", what, rv);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void *work(void *argument) {
  struct worker *w = argument;
  CK_BYTE signature[1024];
  while (now() < until) {
    CK_ULONG length = sizeof signature;
    must("C_SignInit", p11->C_SignInit(w->session, &mechanism, w->key));
    must("C_Sign", p11->C_Sign(w->session, input, input_bytes, signature, &length));
    w->signatures++;
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fprintf(stderr, "p11-bench MODULE TOKEN_LABEL PIN KEY_LABEL MECHANISM INPUT_BYTES THREADS SECONDS\n");
    return 2;
  }
  void *module = dlopen(argv[1], RTLD_NOW);
  CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) =
      module ? (CK_RV(*)(CK_FUNCTION_LIST_PTR_PTR))dlsym(module, "C_GetFunctionList") : NULL;
  if (!get) {
    fprintf(stderr, "cannot load %s\n", argv[1]);
    return 1;
  }
  must("C_GetFunctionList", get(&p11));
  CK_C_INITIALIZE_ARGS arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = CKF_OS_LOCKING_OK;
  must("C_Initialize", p11->C_Initialize(&arguments));

  CK_SLOT_ID slots[64], slot = 0;
  CK_ULONG count = 64;
  int found = 0;
  must("C_GetSlotList", p11->C_GetSlotList(CK_TRUE, slots, &count));
  for (CK_ULONG i = 0; i < count && !found; i++) {
    CK_TOKEN_INFO info;
    if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK) continue;
    if (strncmp((char *)info.label, argv[2], strlen(argv[2])) != 0) continue;
    slot = slots[i];
    found = 1;
  }
  if (!found) {
    fprintf(stderr, "no token is called %s\n", argv[2]);
    return 1;
  }

  mechanism.mechanism = strtoul(argv[5], NULL, 0);
  input_bytes = strtoul(argv[6], NULL, 0);
  int threads = atoi(argv[7]);
  double seconds = atof(argv[8]);
  struct worker *workers = calloc(threads, sizeof *workers);
  for (int i = 0; i < threads; i++) {
    struct worker *w = &workers[i];
    must("C_OpenSession", p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &w->session));
    if (i == 0)
      must("C_Login", p11->C_Login(w->session, CKU_USER, (CK_UTF8CHAR_PTR)argv[3], strlen(argv[3])));
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, argv[4], strlen(argv[4])}};
    CK_ULONG keys = 0;
    must("C_FindObjectsInit", p11->C_FindObjectsInit(w->session, template, 2));
    must("C_FindObjects", p11->C_FindObjects(w->session, &w->key, 1, &keys));
    must("C_FindObjectsFinal", p11->C_FindObjectsFinal(w->session));
    if (keys != 1) {
      fprintf(stderr, "no key is called %s\n", argv[4]);
      return 1;
    }
  }

  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  double started = now();
  until = started + seconds;
  for (int i = 0; i < threads; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
  long total = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    total += workers[i].signatures;
  }
  double wall = now() - started;
  getrusage(RUSAGE_SELF, &after);
  double cpu = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) + (after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
               (after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
  printf("{\"count\":%ld,\"seconds\":%.4f,\"cpuSeconds\":%.4f}\n", total, wall, cpu);
  p11->C_Finalize(NULL);
  return 0;
}
