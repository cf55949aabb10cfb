/*
 * A disk that remembers in which order things reached it: a FUSE file system with two files. `disk` is an
 * image, kept in memory; each write to it and each flush is appended to a log. What is written to `note` is
 * appended to the same log, so that it tells what had been acknowledged at any moment.
 *
 *   disk IMAGE LOG MOUNTPOINT [options of FUSE]
 *
 * A record of the log: kind ('W', 'F' or 'N'), offset (8 bytes) and length (4 bytes), both little-endian, and
 * that many bytes.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *image;
static size_t image_size;
static int log_descriptor;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int is_disk(const char *path) { return strcmp(path, "/disk") == 0; }
static int is_note(const char *path) { return strcmp(path, "/note") == 0; }

static void append(const void *bytes, size_t length) {
  const char *next = bytes;
  while (length > 0) {
    ssize_t count = write(log_descriptor, next, length);
    if (count < 0) {
      perror("log");
      exit(1);
    }
    next += count;
    length -= count;
  }
}

static void record(char kind, uint64_t offset, uint32_t length, const void *bytes) {
  char head[13];
  head[0] = kind;
  memcpy(head + 1, &offset, 8);
  memcpy(head + 9, &length, 4);
  append(head, sizeof head);
  append(bytes, length);
}

static int disk_getattr(const char *path, struct stat *stats, struct fuse_file_info *info) {
  (void)info;
  memset(stats, 0, sizeof *stats);
  stats->st_nlink = 1;
  if (strcmp(path, "/") == 0) {
    stats->st_mode = S_IFDIR | 0700;
  } else if (is_disk(path)) {
    stats->st_mode = S_IFREG | 0600;
    stats->st_size = image_size;
  } else if (is_note(path)) {
    stats->st_mode = S_IFREG | 0600;
  } else {
    return -ENOENT;
  }
  return 0;
}

static int disk_open(const char *path, struct fuse_file_info *info) {
  /* A note is to be in the log when its write returns. */
  if (is_note(path)) info->direct_io = 1;
  return 0;
}

static int disk_read(const char *path, char *to, size_t length, off_t offset, struct fuse_file_info *info) {
  (void)info;
  if (!is_disk(path) || (size_t)offset >= image_size) return 0;
  if (offset + length > image_size) length = image_size - offset;
  pthread_mutex_lock(&lock);
  memcpy(to, image + offset, length);
  pthread_mutex_unlock(&lock);
  return length;
}

static int disk_write(const char *path, const char *bytes, size_t length, off_t offset,
                      struct fuse_file_info *info) {
  (void)info;
  if (is_disk(path) && offset + length > image_size) return -ENOSPC;
  pthread_mutex_lock(&lock);
  if (is_disk(path)) memcpy(image + offset, bytes, length);
  record(is_disk(path) ? 'W' : 'N', offset, length, bytes);
  pthread_mutex_unlock(&lock);
  return length;
}

static int disk_fsync(const char *path, int data_only, struct fuse_file_info *info) {
  (void)data_only;
  (void)info;
  pthread_mutex_lock(&lock);
  if (is_disk(path)) record('F', 0, 0, "");
  pthread_mutex_unlock(&lock);
  return 0;
}

static int disk_truncate(const char *path, off_t size, struct fuse_file_info *info) {
  (void)path;
  (void)size;
  (void)info;
  return 0;
}

static const struct fuse_operations operations = {
    .getattr = disk_getattr,
    .open = disk_open,
    .read = disk_read,
    .write = disk_write,
    .fsync = disk_fsync,
    .truncate = disk_truncate,
};

int main(int count, char **words) {
  if (count < 4) {
    fprintf(stderr, "usage: disk IMAGE LOG MOUNTPOINT [options]\n");
    return 2;
  }
  int descriptor = open(words[1], O_RDONLY);
  struct stat stats;
  log_descriptor = open(words[2], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0 || log_descriptor < 0 || fstat(descriptor, &stats) != 0) {
    perror("disk");
    return 1;
  }
  image_size = stats.st_size;
  image = mmap(NULL, image_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
  if (image == MAP_FAILED) {
    perror("disk");
    return 1;
  }
  words[2] = words[0];
  return fuse_main(count - 2, words + 2, &operations, NULL);
}
