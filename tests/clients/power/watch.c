/* Runs a command and keeps a journal of whatever it, its threads and its children change below a folder, in order.
 *
 *     watch [-s] FOLDER JOURNAL COMMAND [ARGUMENT ...]
 *
 * With -s there is no syncfs, as on some systems.
 *
 * Libraries are not asked: some make their system calls themselves. The kernel is: a seccomp filter stops every call that may
 * change files, and we, as its debugger, let it happen. Only one is under way at a time, so that the order is true; syncs take
 * as long as they take, beside all others, and are noted when they begin and when they have succeeded.
 *
 * SIGTERM ends the command at once, as power loss would, between two changes, and us with status 0.
 *
 * The journal has lines of fields separated by tabs: nanoseconds of CLOCK_MONOTONIC, what happened, and
 *
 *     open    INODE  0|1  PATH         opened with O_CREAT or O_TRUNC; whether it was truncated
 *     write   INODE  OFFSET  BYTES     followed by the bytes themselves
 *     length  INODE  BYTES             cut off or extended
 *     folder  INODE  PATH              made
 *     symlink PATH  TARGET             made, and where it leads
 *     link    PATH  PATH
 *     rename  PATH  PATH
 *     remove  PATH                     a file or a folder
 *     sync    INODE                    begins; 0 is everything
 *     synced  INODE                    has succeeded
 *     other   NUMBER                   a system call that changed something below the folder in a way not known here
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int WATCHED[] = {
#ifdef SYS_open
    SYS_open, SYS_creat, SYS_rename, SYS_link, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_symlink, SYS_mknod,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_openat, SYS_openat2, SYS_write, SYS_writev, SYS_pwrite64, SYS_pwritev, SYS_pwritev2, SYS_ftruncate, SYS_truncate,
    SYS_fallocate, SYS_sendfile, SYS_splice, SYS_copy_file_range, SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_renameat2, SYS_linkat,
    SYS_unlinkat, SYS_mkdirat, SYS_symlinkat, SYS_mknodat, SYS_mmap,
    SYS_io_uring_setup,
};
enum { WATCHED_CALLS = sizeof WATCHED / sizeof *WATCHED, SYNCS = 1024 };

static char folder[PATH_MAX];
static FILE *journal;
static pid_t command;
/* Whether there is no syncfs. */
static int refuses_syncfs;
/* Syncs under way, by thread. */
static struct { pid_t thread; unsigned long inode; } syncs[SYNCS];
/* A change is under way. */
static volatile sig_atomic_t busy;
static volatile sig_atomic_t ending;

static void fail(const char *what) {
    perror(what);
    if (command > 0) kill(command, SIGKILL);
    exit(125);
}

static void end(int signal) {
    (void)signal;
    ending = 1;
    if (!busy) kill(command, SIGKILL);
}

static void note(const char *what) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(journal, "%lld\t%s", now.tv_sec * 1000000000LL + now.tv_nsec, what);
}

/* ---- what the command means ---- */

static int is_below(const char *path) {
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* The path of what /proc links to by this name, e.g. `cwd` or `fd/3`. */
static void linked(pid_t thread, const char *name, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/%s", thread, name);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

static int descriptor_is_below(pid_t thread, int descriptor) {
    char name[32], path[PATH_MAX];
    snprintf(name, sizeof name, "fd/%d", descriptor);
    linked(thread, name, path);
    return is_below(path);
}

/* The text of an argument. */
static void text(pid_t thread, uint64_t address, char given[PATH_MAX]) {
    char memory[64];
    snprintf(memory, sizeof memory, "/proc/%d/mem", thread);
    int file = open(memory, O_RDONLY | O_CLOEXEC);
    memset(given, 0, PATH_MAX);
    if (file < 0 || pread(file, given, PATH_MAX - 1, address) <= 0) given[0] = 0;
    if (file >= 0) close(file);
}

/* The path that an argument names, and whether it is below the folder. */
static int named(pid_t thread, int at, uint64_t address, char path[2 * PATH_MAX]) {
    char given[PATH_MAX], base[PATH_MAX] = "", name[32] = "cwd";
    text(thread, address, given);
    if (given[0] != '/') {
        if (at != AT_FDCWD) snprintf(name, sizeof name, "fd/%d", at);
        linked(thread, name, base);
    }
    snprintf(path, 2 * PATH_MAX, "%s%s%s", base, base[0] ? "/" : "", given);
    return is_below(path);
}

static unsigned long inode_of(pid_t thread, int descriptor) {
    char name[64];
    struct stat found;
    snprintf(name, sizeof name, "/proc/%d/fd/%d", thread, descriptor);
    return stat(name, &found) == 0 ? found.st_ino : 0;
}

/* ---- one call ---- */

/* Lets the call happen that the thread is about to make, and returns its result. */
static long long happen(pid_t thread) {
    struct __ptrace_syscall_info info;
    int status;
    if (ptrace(PTRACE_SYSCALL, thread, 0, 0) != 0) return -1;
    if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return -1;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return -1;
    return info.op == PTRACE_SYSCALL_INFO_EXIT ? info.exit.rval : -1;
}

static void opened(pid_t thread, int at, uint64_t address, int flags) {
    char path[2 * PATH_MAX];
    long long descriptor;
    if (!(flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE) return;
    if (!named(thread, at, address, path) || (descriptor = happen(thread)) < 0) return;
    note("open");
    fprintf(journal, "\t%lu\t%d\t%s\n", inode_of(thread, descriptor), (flags & O_TRUNC) != 0, path);
}

/* `offset` is -1 where the call writes at the descriptor's own. What was written is read from the file. */
static void written(pid_t thread, int descriptor, long long offset) {
    long long bytes;
    if (!descriptor_is_below(thread, descriptor) || (bytes = happen(thread)) <= 0) return;
    char name[64];
    if (offset < 0) {
        snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", thread, descriptor);
        FILE *state = fopen(name, "r");
        if (!state || fscanf(state, "pos: %lld", &offset) != 1) fail(name);
        fclose(state);
        offset -= bytes;
    }
    snprintf(name, sizeof name, "/proc/%d/fd/%d", thread, descriptor);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    char *content = malloc(bytes);
    if (file < 0 || !content || pread(file, content, bytes, offset) != bytes) fail("what was written");
    note("write");
    fprintf(journal, "\t%lu\t%lld\t%lld\n", inode_of(thread, descriptor), offset, bytes);
    fwrite(content, 1, bytes, journal);
    free(content);
    close(file);
}

static void cut(pid_t thread, int descriptor, uint64_t length) {
    if (!descriptor_is_below(thread, descriptor) || happen(thread) != 0) return;
    note("length");
    fprintf(journal, "\t%lu\t%llu\n", inode_of(thread, descriptor), (unsigned long long)length);
}

static void made(pid_t thread, int at, uint64_t address) {
    char path[2 * PATH_MAX];
    struct stat found;
    if (!named(thread, at, address, path) || happen(thread) != 0) return;
    if (stat(path, &found) != 0) fail(path);
    note("folder");
    fprintf(journal, "\t%lu\t%s\n", found.st_ino, path);
}

static void led(pid_t thread, uint64_t to, int at, uint64_t address) {
    char path[2 * PATH_MAX], target[PATH_MAX];
    text(thread, to, target);
    if (!named(thread, at, address, path) || happen(thread) != 0) return;
    note("symlink");
    fprintf(journal, "\t%s\t%s\n", path, target);
}

static void removed(pid_t thread, int at, uint64_t address) {
    char path[2 * PATH_MAX];
    if (!named(thread, at, address, path) || happen(thread) != 0) return;
    note("remove");
    fprintf(journal, "\t%s\n", path);
}

static void named_anew(pid_t thread, const char *what, int at, uint64_t before, int to, uint64_t after) {
    char old[2 * PATH_MAX], new[2 * PATH_MAX];
    int is_ours = named(thread, at, before, old) | named(thread, to, after, new);
    if (!is_ours || happen(thread) != 0) return;
    note(what);
    fprintf(journal, "\t%s\t%s\n", old, new);
}

static void other(pid_t thread, int is_ours, long long number) {
    if (!is_ours || happen(thread) < 0) return;
    note("other");
    fprintf(journal, "\t%lld\n", number);
}

/* Whether the thread goes on until its call is over, which we are told of: a sync has begun. */
static int sync_began(pid_t thread, int descriptor, int is_all) {
    if (!descriptor_is_below(thread, descriptor)) return 0;
    for (int i = 0; i < SYNCS; i++) {
        if (syncs[i].thread) continue;
        syncs[i].thread = thread;
        syncs[i].inode = is_all ? 0 : inode_of(thread, descriptor);
        note("sync");
        fprintf(journal, "\t%lu\n", syncs[i].inode);
        return 1;
    }
    fail("too many syncs at once");
    return 0;
}

static void sync_ended(pid_t thread) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    for (int i = 0; i < SYNCS; i++) {
        if (syncs[i].thread != thread) continue;
        syncs[i].thread = 0;
        if (info.op != PTRACE_SYSCALL_INFO_EXIT || info.exit.rval != 0) return;
        note("synced");
        fprintf(journal, "\t%lu\n", syncs[i].inode);
    }
}

static void called(pid_t thread) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_SECCOMP) fail("not a call");
    const uint64_t *a = info.seccomp.args;
    char path[2 * PATH_MAX];
    int here = AT_FDCWD;
    switch (info.seccomp.nr) {
#ifdef SYS_open
    case SYS_open: opened(thread, here, a[0], a[1]); break;
    case SYS_creat: opened(thread, here, a[0], O_CREAT | O_TRUNC); break;
    case SYS_rename: named_anew(thread, "rename", here, a[0], here, a[1]); break;
    case SYS_link: named_anew(thread, "link", here, a[0], here, a[1]); break;
    case SYS_unlink: case SYS_rmdir: removed(thread, here, a[0]); break;
    case SYS_mkdir: made(thread, here, a[0]); break;
    case SYS_symlink: led(thread, a[0], here, a[1]); break;
    case SYS_mknod: other(thread, named(thread, here, a[0], path), info.seccomp.nr); break;
#endif
#ifdef SYS_renameat
    case SYS_renameat: named_anew(thread, "rename", a[0], a[1], a[2], a[3]); break;
#endif
    case SYS_openat: opened(thread, a[0], a[1], a[2]); break;
    case SYS_write: case SYS_writev: written(thread, a[0], -1); break;
    case SYS_pwrite64: case SYS_pwritev: case SYS_pwritev2: written(thread, a[0], a[3]); break;
    case SYS_ftruncate: cut(thread, a[0], a[1]); break;
    case SYS_renameat2:
        if (a[4] & ~RENAME_NOREPLACE) other(thread, named(thread, a[0], a[1], path), info.seccomp.nr);
        else named_anew(thread, "rename", a[0], a[1], a[2], a[3]);
        break;
    case SYS_linkat: named_anew(thread, "link", a[0], a[1], a[2], a[3]); break;
    case SYS_unlinkat: removed(thread, a[0], a[1]); break;
    case SYS_mkdirat: made(thread, a[0], a[1]); break;
    case SYS_openat2: case SYS_mknodat: other(thread, named(thread, a[0], a[1], path), info.seccomp.nr); break;
    case SYS_truncate: other(thread, named(thread, here, a[0], path), info.seccomp.nr); break;
    case SYS_symlinkat: led(thread, a[0], a[1], a[2]); break;
    case SYS_sendfile: written(thread, a[0], -1); break;
    case SYS_copy_file_range:
        if (a[3]) other(thread, descriptor_is_below(thread, a[2]), info.seccomp.nr);
        else written(thread, a[2], -1);
        break;
    case SYS_fallocate: other(thread, descriptor_is_below(thread, a[0]), info.seccomp.nr); break;
    case SYS_splice: other(thread, descriptor_is_below(thread, a[2]), info.seccomp.nr); break;
    case SYS_mmap:
        if ((a[2] & PROT_WRITE) && (a[3] & MAP_SHARED) && !(a[3] & MAP_ANONYMOUS))
            other(thread, descriptor_is_below(thread, a[4]), info.seccomp.nr);
        break;
    case SYS_io_uring_setup: other(thread, 1, info.seccomp.nr); break;
    case SYS_fsync: case SYS_fdatasync: case SYS_syncfs:
        if (sync_began(thread, a[0], info.seccomp.nr == SYS_syncfs)) {
            ptrace(PTRACE_SYSCALL, thread, 0, 0);
            return;
        }
    }
    ptrace(PTRACE_CONT, thread, 0, 0);
}

/* ---- all calls ---- */

static void begin(int may_go, char **arguments) {
    struct sock_filter filter[2 * WATCHED_CALLS + 2];
    int length = 0;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < WATCHED_CALLS; i++) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WATCHED[i], 0, 1);
        int is_refused = WATCHED[i] == SYS_syncfs && refuses_syncfs;
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, is_refused ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_TRACE);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = length, .filter = filter};
    char byte;
    if (read(may_go, &byte, 1) != 1) _exit(125);
    close(may_go);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no new privileges");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) fail("filter of system calls");
    execv(arguments[0], arguments);
    fail(arguments[0]);
}

int main(int count, char **arguments) {
    int go[2], status, last = 0;
    if (count > 1 && strcmp(arguments[1], "-s") == 0) refuses_syncfs = 1, count--, arguments++;
    if (count < 4) return 125;
    if (!realpath(arguments[1], folder)) fail(arguments[1]);
    if (!(journal = fopen(arguments[2], "we"))) fail(arguments[2]);
    if (pipe2(go, O_CLOEXEC) != 0) fail("pipe");
    if ((command = fork()) == 0) begin(go[0], arguments + 3);
    if (command < 0) fail("fork");
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
        | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SEIZE, command, 0, options) != 0) fail("trace");
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = end, .sa_flags = SA_RESTART}, NULL);
    if (write(go[1], "", 1) != 1) fail("pipe");
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) break;
        if (!WIFSTOPPED(status)) {
            if (thread == command) last = status;
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP) {
            busy = 1;
            if (!ending) called(thread);
            busy = 0;
            if (ending) kill(command, SIGKILL);
        } else if (signal == (SIGTRAP | 0x80)) {
            sync_ended(thread);
            ptrace(PTRACE_CONT, thread, 0, 0);
        } else {
            ptrace(PTRACE_CONT, thread, 0, event ? 0 : signal);
        }
    }
    if (fclose(journal) != 0) fail("journal");
    if (ending) return 0;
    return WIFEXITED(last) ? WEXITSTATUS(last) : 128 + WTERMSIG(last);
}
