/* What the machine itself costs: plain loops that do the system calls and nothing else.
 *
 * Each function returns the nanoseconds it took, or -errno. Compiled by floors.py with `cc -O2 -shared -pthread`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The same files as the spool: by their ending, not hidden. */
static int is_wanted(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && !strcmp(entry->d_name + length - 5, ".json");
}

/* List, open, read, close. */
int64_t floor_read(const char *path, int64_t *files, int64_t *bytes) {
    static char buffer[1 << 20];
    int64_t begin = now_ns();
    DIR *directory = opendir(path);
    if (!directory) return -errno;
    *files = *bytes = 0;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (!is_wanted(entry)) continue;
        int file = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ssize_t count = read(file, buffer, sizeof buffer);
        close(file);
        *files += 1;
        *bytes += count > 0 ? count : 0;
    }
    closedir(directory);
    return now_ns() - begin;
}

/* The same with all that safe reading asks of the system and nothing else: the names are sorted, nothing is
 * followed, each open file is looked at. With two threads, which take turns. */
struct calls {
    const char *path;
    char **names;
    int64_t count;
    atomic_long *next;
};

static void *all_calls(void *given) {
    struct calls *calls = given;
    char buffer[1 << 16];
    struct stat look;
    int directory = open(calls->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int64_t place; (place = atomic_fetch_add(calls->next, 1)) < calls->count;) {
        int file = openat(directory, calls->names[place], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0) continue;
        if (fstat(file, &look) == 0) (void)!read(file, buffer, sizeof buffer);
        close(file);
    }
    close(directory);
    return NULL;
}

static int by_name(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

int64_t floor_calls(const char *path, int64_t *files, int threads) {
    atomic_long next = 0;
    struct calls calls = {path, NULL, 0, &next};
    int64_t begin = now_ns();
    DIR *directory = opendir(path);
    if (!directory) return -errno;
    int64_t room = 0;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (!is_wanted(entry)) continue;
        if (calls.count == room) {
            room = room ? 2 * room : 1024;
            calls.names = realloc(calls.names, room * sizeof *calls.names);
        }
        calls.names[calls.count++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(calls.names, calls.count, sizeof *calls.names, by_name);
    pthread_t other;
    int has_other = threads > 1 && pthread_create(&other, NULL, all_calls, &calls) == 0;
    all_calls(&calls);
    if (has_other) pthread_join(other, NULL);
    int64_t took = now_ns() - begin;
    for (int64_t place = 0; place < calls.count; place++) free(calls.names[place]);
    free(calls.names);
    *files = calls.count;
    return took;
}

/* List, look at each file, and remove it. */
int64_t floor_remove(const char *path, int64_t *files) {
    int64_t begin = now_ns();
    DIR *directory = opendir(path);
    if (!directory) return -errno;
    *files = 0;
    struct dirent *entry;
    struct stat look;
    while ((entry = readdir(directory))) {
        if (!is_wanted(entry)) continue;
        if (fstatat(dirfd(directory), entry->d_name, &look, AT_SYMLINK_NOFOLLOW) == 0 &&
            unlinkat(dirfd(directory), entry->d_name, 0) == 0)
            *files += 1;
    }
    closedir(directory);
    return now_ns() - begin;
}

/* List with times. */
int64_t floor_list(const char *path, int64_t *files, int with_times) {
    int64_t begin = now_ns();
    DIR *directory = opendir(path);
    if (!directory) return -errno;
    *files = 0;
    struct dirent *entry;
    struct stat look;
    while ((entry = readdir(directory))) {
        if (!is_wanted(entry)) continue;
        if (!with_times || fstatat(dirfd(directory), entry->d_name, &look, AT_SYMLINK_NOFOLLOW) == 0)
            *files += 1;
    }
    closedir(directory);
    return now_ns() - begin;
}
