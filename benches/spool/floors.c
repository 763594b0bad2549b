/* What the machine itself costs: plain loops that do the system calls and nothing else.
 *
 * Each function returns the nanoseconds it took, or -errno. Compiled by floors.py with `cc -O2 -shared`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
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
