/* What a system asks for the bare work, for benches/cleanup.py: nothing is kept, sorted or checked.
 *
 *     floors make DIR COUNT      files of one byte each, their times spread over 40 days
 *     floors list DIR            list with the times of every entry; prints files, seconds, seconds of a processor
 *     floors unlink DIR          list, then unlink every entry; prints files, and of the unlinks the same
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int make(int directory, long count) {
    char name[64];
    for (long index = 0; index < count; index++) {
        /* As long as the name of an answer. */
        snprintf(name, sizeof name, "20261123T174112.%06ldZ-deploy-%08lx.json", index % 1000000, index);
        int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (file < 0 || write(file, "x", 1) != 1) return fail(name);
        struct timespec times[2] = {{0, UTIME_OMIT}, {1700000000 + index * 7919 % (40 * 86400), index % 1000000000}};
        if (futimens(file, times)) return fail(name);
        close(file);
    }
    return 0;
}

static int list(const char *path) {
    double begin = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    DIR *listing = opendir(path);
    if (!listing) return fail(path);
    long files = 0;
    long long bytes = 0, newest = 0;
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        if (entry->d_name[0] == '.') continue;
        struct stat found;
        if (fstatat(dirfd(listing), entry->d_name, &found, AT_SYMLINK_NOFOLLOW)) return fail(entry->d_name);
        files++;
        bytes += found.st_size;
        if (found.st_mtime > newest) newest = found.st_mtime;
    }
    closedir(listing);
    printf("%ld %.6f %.6f %lld %lld\n", files, now(CLOCK_MONOTONIC) - begin, now(CLOCK_PROCESS_CPUTIME_ID) - used,
           bytes, newest);
    return 0;
}

static int unlink_all(const char *path) {
    DIR *listing = opendir(path);
    if (!listing) return fail(path);
    size_t files = 0, room = 1024;
    char **names = malloc(room * sizeof *names);
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        if (entry->d_name[0] == '.') continue;
        if (files == room) names = realloc(names, (room *= 2) * sizeof *names);
        names[files++] = strdup(entry->d_name);
    }
    double begin = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t index = 0; index < files; index++)
        if (unlinkat(dirfd(listing), names[index], 0)) return fail(names[index]);
    printf("%zu %.6f %.6f\n", files, now(CLOCK_MONOTONIC) - begin, now(CLOCK_PROCESS_CPUTIME_ID) - used);
    return 0;
}

int main(int count, char **words) {
    if (count == 4 && !strcmp(words[1], "make")) {
        int directory = open(words[2], O_RDONLY | O_DIRECTORY);
        return directory < 0 ? fail(words[2]) : make(directory, atol(words[3]));
    }
    if (count == 3 && !strcmp(words[1], "list")) return list(words[2]);
    if (count == 3 && !strcmp(words[1], "unlink")) return unlink_all(words[2]);
    fprintf(stderr, "floors make DIR COUNT | list DIR | unlink DIR\n");
    return 2;
}
