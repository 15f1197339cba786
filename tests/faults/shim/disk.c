/* Preloaded into a program under test: records what it does to the files below one folder, and lets calls fail.

   DISK_UNDER  absolute path; nothing else is looked at
   DISK_LOG    file, outside that folder, to which every change is appended in the order in which it took effect
   DISK_FAULT  calls:path:first:count:errno:bytes  (path is a prefix; calls are names joined by commas; from the first
               matching call on so many of them fail with errno, or where that is 0 move at most so many bytes)

   The variables are read at every call, so that a forked process can be given its own. Each record is one line, fields
   parted by tabs; that of a write is followed by its bytes and a line feed. tests/faults/recording.py reads them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static long matched;

static void hold(void) { pthread_mutex_lock(&one_at_a_time); }
static void let_go(void) { pthread_mutex_unlock(&one_at_a_time); }
__attribute__((constructor)) static void begin(void) { pthread_atfork(hold, let_go, let_go); }

static int is_under(const char *path, const char *top) {
    size_t length = top ? strlen(top) : 0;
    return length && !strncmp(path, top, length) && (path[length] == '/' || !path[length]);
}

/* The absolute path that a folder's descriptor and a name mean; whether it is one that is looked at. */
static int watched_at(int folder, const char *name, char *path) {
    const char *under = getenv("DISK_UNDER");
    if (!under || !name) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        char link[64], top[PATH_MAX];
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, top, sizeof top - 1);
        if (size < 0) return 0;
        top[size] = 0;
        if (snprintf(path, PATH_MAX, "%s/%s", top, name) >= PATH_MAX) return 0;
    }
    return is_under(path, under);
}

static int watched(int descriptor, char *path) {
    const char *under = getenv("DISK_UNDER");
    if (!under) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return is_under(path, under);
}

static void note(const void *data, size_t size, const char *format, ...) {
    const char *name = getenv("DISK_LOG");
    if (!name) return;
    char line[3 * PATH_MAX];
    va_list rest;
    va_start(rest, format);
    int length = vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    __typeof__(open) *really_open = (__typeof__(open) *)dlsym(RTLD_NEXT, "open64");
    __typeof__(writev) *really_write = (__typeof__(writev) *)dlsym(RTLD_NEXT, "writev");
    int before = errno, log = really_open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct iovec parts[3] = {{line, (size_t)length}, {(void *)data, size}, {"\n", data ? 1 : 0}};
    if (log < 0 || really_write(log, parts, 3) != (ssize_t)(length + size + (data ? 1 : 0))) abort();
    close(log);
    errno = before;
}

static unsigned long inode(int descriptor) {
    struct stat found;
    return fstat(descriptor, &found) ? 0 : (unsigned long)found.st_ino;
}

/* Whether this call has to fail now (errno is set), or how many bytes it may move at most. Call it with the lock. */
static int fails(const char *call, const char *path, size_t *at_most) {
    const char *fault = getenv("DISK_FAULT");
    char calls[256], top[PATH_MAX];
    long first, count, number, bytes;
    if (!fault || sscanf(fault, "%255[^:]:%4095[^:]:%ld:%ld:%ld:%ld", calls, top, &first, &count, &number, &bytes) != 6)
        return 0;
    int named = 0;
    char *rest = calls;
    for (char *one; (one = strsep(&rest, ","));) named |= !strcmp(one, call);
    if (!named || strncmp(path, top, strlen(top))) return 0;
    matched++;
    if (matched < first || matched >= first + count) return 0;
    if (!number) {
        if (!at_most || *at_most <= (size_t)bytes) return 0;
        *at_most = (size_t)bytes;
        note(NULL, 0, "fault\t%s\t0\t%s\n", call, path);
        return 0;
    }
    note(NULL, 0, "fault\t%s\t%ld\t%s\n", call, number, path);
    errno = (int)number;
    return 1;
}

/* open and its kin */

static int opened(int folder, const char *name, int flags, mode_t mode, const char *which, int has_folder) {
    char path[PATH_MAX];
    void *real = dlsym(RTLD_NEXT, which);
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
    int looked_at = writes && (flags & O_TMPFILE) != O_TMPFILE && watched_at(folder, name, path);
    struct stat before;
    int result = -1, was_there = 0;
    if (looked_at) {
        hold();
        was_there = !fstatat(folder, name, &before, 0);
        if (fails("open", path, NULL)) {
            let_go();
            return -1;
        }
    }
    if (has_folder) result = ((int (*)(int, const char *, int, ...))real)(folder, name, flags, mode);
    else result = ((int (*)(const char *, int, ...))real)(name, flags, mode);
    if (looked_at) {
        if (result >= 0 && !was_there) note(NULL, 0, "create\t%lu\t%s\n", inode(result), path);
        else if (result >= 0 && flags & O_TRUNC) note(NULL, 0, "truncate\t%lu\t0\n", inode(result));
        let_go();
    }
    return result;
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        mode_t mode = 0;                                                  \
        if (flags & (O_CREAT | O_TMPFILE)) {                              \
            va_list rest;                                                 \
            va_start(rest, flags);                                        \
            mode = va_arg(rest, mode_t);                                  \
            va_end(rest);                                                 \
        }                                                                 \
        return opened(AT_FDCWD, path, flags, mode, #name, 0);             \
    }
#define OPEN_AT(name)                                                     \
    int name(int folder, const char *path, int flags, ...) {              \
        mode_t mode = 0;                                                  \
        if (flags & (O_CREAT | O_TMPFILE)) {                              \
            va_list rest;                                                 \
            va_start(rest, flags);                                        \
            mode = va_arg(rest, mode_t);                                  \
            va_end(rest);                                                 \
        }                                                                 \
        return opened(folder, path, flags, mode, #name, 1);               \
    }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

/* Bytes. What was written is read from the caller's memory, so that the descriptor need not be readable. */

static off_t place(int descriptor) { return lseek(descriptor, 0, SEEK_CUR); }

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(write);
    char path[PATH_MAX];
    if (!watched(descriptor, path)) return real(descriptor, data, size);
    hold();
    ssize_t done = -1;
    if (!fails("write", path, &size) && (done = real(descriptor, data, size)) > 0)
        note(data, (size_t)done, "write\t%lu\t%ld\t%zd\n", inode(descriptor), (long)(place(descriptor) - done), done);
    let_go();
    return done;
}

static ssize_t written_at(int descriptor, const void *data, size_t size, off_t at, const char *which) {
    __typeof__(pwrite) *real = (__typeof__(pwrite) *)dlsym(RTLD_NEXT, which);
    char path[PATH_MAX];
    if (!watched(descriptor, path)) return real(descriptor, data, size, at);
    hold();
    ssize_t done = -1;
    if (!fails("pwrite", path, &size) && (done = real(descriptor, data, size, at)) > 0)
        note(data, (size_t)done, "write\t%lu\t%ld\t%zd\n", inode(descriptor), (long)at, done);
    let_go();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return written_at(fd, data, size, at, "pwrite"); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return written_at(fd, data, size, at, "pwrite64"); }

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev);
    char path[PATH_MAX];
    if (!watched(descriptor, path)) return real(descriptor, parts, count);
    size_t size = 0, at = 0;
    for (int i = 0; i < count; i++) size += parts[i].iov_len;
    char *data = malloc(size + 1);
    for (int i = 0; i < count; i++) {
        memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
        at += parts[i].iov_len;
    }
    __typeof__(write) *really_write = (__typeof__(write) *)dlsym(RTLD_NEXT, "write");
    hold();
    ssize_t done = -1;
    if (!fails("writev", path, &size) && (done = really_write(descriptor, data, size)) > 0)
        note(data, (size_t)done, "write\t%lu\t%ld\t%zd\n", inode(descriptor), (long)(place(descriptor) - done), done);
    let_go();
    free(data);
    return done;
}

/* What the kernel copied by itself is read once more from its source. */
static void note_copied(int from, off_t start, int to, off_t at, ssize_t done) {
    char *data = malloc((size_t)done + 1);
    if (pread(from, data, (size_t)done, start) != done) abort();
    note(data, (size_t)done, "write\t%lu\t%ld\t%zd\n", inode(to), (long)at, done);
    free(data);
}

ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *at, size_t size, unsigned int flags) {
    REAL(copy_file_range);
    char path[PATH_MAX];
    if (!watched(to, path)) return real(from, start, to, at, size, flags);
    hold();
    off_t source = start ? *start : place(from), target = at ? *at : place(to);
    ssize_t done = -1;
    if (!fails("copy_file_range", path, &size) && (done = real(from, start, to, at, size, flags)) > 0)
        note_copied(from, source, to, target, done);
    let_go();
    return done;
}

static ssize_t sent(int to, int from, off_t *start, size_t size, const char *which) {
    __typeof__(sendfile) *real = (__typeof__(sendfile) *)dlsym(RTLD_NEXT, which);
    char path[PATH_MAX];
    if (!watched(to, path)) return real(to, from, start, size);
    hold();
    off_t source = start ? *start : place(from), target = place(to);
    ssize_t done = -1;
    if (!fails("sendfile", path, &size) && (done = real(to, from, start, size)) > 0)
        note_copied(from, source, to, target, done);
    let_go();
    return done;
}

ssize_t sendfile(int to, int from, off_t *start, size_t size) { return sent(to, from, start, size, "sendfile"); }
ssize_t sendfile64(int to, int from, off64_t *start, size_t size) { return sent(to, from, start, size, "sendfile64"); }

static int cut(int descriptor, off_t size, const char *which) {
    __typeof__(ftruncate) *real = (__typeof__(ftruncate) *)dlsym(RTLD_NEXT, which);
    char path[PATH_MAX];
    if (!watched(descriptor, path)) return real(descriptor, size);
    hold();
    int result = -1;
    if (!fails("ftruncate", path, NULL) && !(result = real(descriptor, size)))
        note(NULL, 0, "truncate\t%lu\t%ld\n", inode(descriptor), (long)size);
    let_go();
    return result;
}

int ftruncate(int descriptor, off_t size) { return cut(descriptor, size, "ftruncate"); }
int ftruncate64(int descriptor, off64_t size) { return cut(descriptor, size, "ftruncate64"); }

/* Making it last */

#define SYNC(name)                                                                       \
    int name(int descriptor) {                                                           \
        REAL(name);                                                                      \
        char path[PATH_MAX];                                                             \
        if (!watched(descriptor, path)) return real(descriptor);                         \
        hold();                                                                          \
        int result = fails(#name, path, NULL) ? -1 : real(descriptor);                   \
        note(NULL, 0, "%s\t%lu\t%d\t%s\n", #name, inode(descriptor), result, path);      \
        let_go();                                                                        \
        return result;                                                                   \
    }
SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

/* Names */

static int renamed(int from, const char *old, int to, const char *name, unsigned int flags) {
    __typeof__(renameat2) *real = (__typeof__(renameat2) *)dlsym(RTLD_NEXT, "renameat2");
    char before[PATH_MAX], after[PATH_MAX];
    int looked_at = watched_at(from, old, before) & watched_at(to, name, after);
    if (!looked_at) return real(from, old, to, name, flags);
    hold();
    int result = fails("rename", after, NULL) ? -1 : real(from, old, to, name, flags);
    if (!result) note(NULL, 0, "rename\t%s\t%s\n", before, after);
    let_go();
    return result;
}

int rename(const char *old, const char *name) { return renamed(AT_FDCWD, old, AT_FDCWD, name, 0); }
int renameat(int from, const char *old, int to, const char *name) { return renamed(from, old, to, name, 0); }
int renameat2(int from, const char *old, int to, const char *name, unsigned int flags) {
    return renamed(from, old, to, name, flags);
}

int linkat(int from, const char *old, int to, const char *name, int flags) {
    REAL(linkat);
    char before[PATH_MAX], after[PATH_MAX];
    if (!(watched_at(from, old, before) & watched_at(to, name, after))) return real(from, old, to, name, flags);
    hold();
    int result = fails("link", after, NULL) ? -1 : real(from, old, to, name, flags);
    if (!result) note(NULL, 0, "link\t%s\t%s\n", before, after);
    let_go();
    return result;
}

int link(const char *old, const char *name) { return linkat(AT_FDCWD, old, AT_FDCWD, name, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
    REAL(mkdirat);
    char path[PATH_MAX];
    if (!watched_at(folder, name, path)) return real(folder, name, mode);
    hold();
    int result = fails("mkdir", path, NULL) ? -1 : real(folder, name, mode);
    struct stat made;
    if (!result && !stat(path, &made)) note(NULL, 0, "mkdir\t%lu\t%s\n", (unsigned long)made.st_ino, path);
    let_go();
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int unlinkat(int folder, const char *name, int flags) {
    REAL(unlinkat);
    char path[PATH_MAX];
    if (!watched_at(folder, name, path)) return real(folder, name, flags);
    hold();
    int result = fails("unlink", path, NULL) ? -1 : real(folder, name, flags);
    if (!result) note(NULL, 0, "unlink\t%s\n", path);
    let_go();
    return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
