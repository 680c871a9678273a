/* Preloaded: OpenSSL has the one cipher suite that the environment variable ONE_SUITE names, whatever a program asks for. */
#include <dlfcn.h>
#include <stdlib.h>

int SSL_CTX_set_cipher_list(void *context, const char *list) {
    void *openssl = dlopen("libssl.so.3", RTLD_LAZY);
    int (*real)(void *, const char *) = openssl ? (int (*)(void *, const char *))dlsym(openssl, "SSL_CTX_set_cipher_list") : 0;
    const char *suite = getenv("ONE_SUITE");
    return real ? real(context, suite ? suite : list) : 0;
}
