/* SPDX-License-Identifier: MIT */
/*
 * Physical memory: flat, sparse (only touched pages cost), zero at the start. Each 4 KiB page
 * carries the key id its content was last written with. The CPU and the module see plaintext
 * (mem_ptr); software outside TDs has the host view, where a page under a private key reads as
 * ciphertext and is destroyed by a write.
 *
 * Addresses are physical, in bytes, WITHOUT key-id bits (platform_pa() strips them). A range that
 * does not lie in RAM completely is refused as a whole: NULL or false, and nothing was read or
 * written.
 */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MEM_PAGE   4096u
#define MEM_LINE   64 /* bytes of a cache line */
#define MEM_LOCKS  16u
#define MEM_EVENTS 64u	 /* destroying host writes that are remembered, newest win */
#define MEM_NO_LP  (~0u) /* an access by no logical processor (device, test) */

#define MEM_DESTROYED 0xffffu /* tag: shared by now, and its private content is lost */

/*
 * A copy of 1, 2, 4 or 8 bytes is one load and one store, as a processor's is: another one sees all
 * of it or nothing. Others are any.
 */
static inline void mem_copy(void *to, const void *from, uint64_t size)
{
	switch (size) {
	case 1: memcpy(to, from, 1); break;
	case 2: memcpy(to, from, 2); break;
	case 4: memcpy(to, from, 4); break;
	case 8: memcpy(to, from, 8); break;
	default: memcpy(to, from, size);
	}
}

/*
 * Zeros into whole cache lines, past the cache: memory that is more than it holds need not be read
 * into it first, nor push out what is there. Others see them in order with what is written after
 * mem_zeroed_lines().
 */
void mem_zero_lines(void *to, uint64_t size);
void mem_zeroed_lines(void);

/* A host write that destroyed a page of a private key which was somebody's. */
struct mem_event {
	uint64_t pa;   /* first byte written */
	uint64_t when; /* TSC at the write */
	unsigned lp;   /* logical processor, or MEM_NO_LP */
	uint16_t hkid; /* the key the page had */
};

struct mem_lock {
	pthread_mutex_t lock;
	uint8_t apart[MEM_LINE];
};

/* What changes while processors run stands apart from what each of them looks at all the time. */
struct memory {
	uint8_t *base;
	uint64_t size;		/* bytes, multiple of 4 KiB */
	_Atomic uint16_t *keys; /* per page: key id of its content */
	int fd;		 /* the file behind base when it is to be shared with a process, else -1 */
	bool encrypted;	 /* false: all views are plaintext, nothing is ever destroyed */
	uint64_t secret; /* what the ciphertext looks like */
	bool looks;	 /* encrypted, or noticed: host accesses look at the key ids of pages */
	/* told of each host access to bytes of a page under a private key, before it */
	void (*notice)(void *opaque, uint64_t pa, uint64_t len, bool write);
	void *notice_opaque;
	uint64_t (*now)(const void *clock); /* the TSC, for events; NULL: they have no time */
	const void *clock;
	/* whether a page under a private key is still anybody's, whom its destruction hits; NULL:
	 * all are */
	bool (*owned)(const void *owner, uint64_t pa);
	const void *owner;
	uint8_t apart[MEM_LINE];
	atomic_uint_least64_t destroyed; /* pages; cached translations are stale when it moves */
	pthread_mutex_t lock;		 /* of the events */
	struct mem_event events[MEM_EVENTS];
	struct mem_lock converting[MEM_LOCKS]; /* of pages, from private to shared */
};

/* Of RAM, in bytes: a 4 KiB multiple up to 2^46, not 0. */
bool mem_size_valid(uint64_t size);
/* size: mem_size_valid(). shareable: behind a file (m->fd) that others can map.
 * False: out of address space or files. */
bool mem_init(struct memory *m, uint64_t size, bool encrypted, bool shareable, uint64_t secret);
void mem_fini(struct memory *m);
/* All zero, all pages under key 0, no events. */
void mem_reset(struct memory *m);
/* The same, but events stay. */
void mem_forget(struct memory *m);

/* Plaintext, for the CPU and the module. */
static inline void *mem_ptr(struct memory *m, uint64_t pa, uint64_t len)
{
	return pa < m->size && len <= m->size - pa ? m->base + pa : NULL;
}

static inline bool mem_contains(const struct memory *m, uint64_t pa, uint64_t len)
{
	return pa < m->size && len <= m->size - pa;
}

static inline uint16_t mem_tag(const struct memory *m, uint64_t pa)
{
	return pa < m->size ? atomic_load_explicit(&m->keys[pa / MEM_PAGE], memory_order_relaxed)
			    : 0;
}

/* The key id that the page of `pa` is under; 0 outside RAM. */
static inline uint16_t mem_key(const struct memory *m, uint64_t pa)
{
	uint16_t tag = mem_tag(m, pa);

	return tag == MEM_DESTROYED ? 0 : tag;
}

/* Whether a host write destroyed the page and mem_key_set() has not given it a key since. */
static inline bool mem_is_destroyed(const struct memory *m, uint64_t pa)
{
	return mem_tag(m, pa) == MEM_DESTROYED;
}

/* The pages of the range are now written with `hkid` (their content is the caller's business). */
void mem_key_set(struct memory *m, uint64_t pa, uint64_t len, uint16_t hkid);

/*
 * True if an access with `hkid` to the page of `pa` finds content written with that key. If not, it
 * is what hardware integrity reports as a machine check; mem_last_destroyed() may tell how it came
 * to that. Always true when memory is not encrypted.
 */
static inline bool mem_key_check(const struct memory *m, uint64_t pa, uint16_t hkid)
{
	return !m->encrypted || mem_key(m, pa) == hkid;
}

/* How many pages were destroyed so far, any at all: a quick look before a thorough one. */
static inline uint64_t mem_destroyed(const struct memory *m)
{
	return atomic_load_explicit(&m->destroyed, memory_order_relaxed);
}

/* From now on `notice` is told; NULL: nobody is. Set-up. */
void mem_notice(struct memory *m,
		void (*notice)(void *opaque, uint64_t pa, uint64_t len, bool write), void *opaque);

/* The newest remembered host write that destroyed the page of `pa`. False: none. */
bool mem_last_destroyed(struct memory *m, uint64_t pa, struct mem_event *event);

/*
 * The host view. Also what the module must use for operands that lie in shared memory: a host that
 * passes a private page there gets ciphertext read, or the page destroyed, as on hardware.
 */
bool mem_host_read(struct memory *m, uint64_t pa, void *buf, uint64_t len);
bool mem_host_write(struct memory *m, unsigned lp, uint64_t pa, const void *buf, uint64_t len);
bool mem_host_fill(struct memory *m, unsigned lp, uint64_t pa, uint64_t len, uint8_t byte);
/* 64-bit FNV-1a of the host view. */
bool mem_host_hash(struct memory *m, uint64_t pa, uint64_t len, uint64_t *hash);

/* Host view of a range for reading: a pointer into RAM if all its pages are shared, else `bounce`
 * (len bytes) filled with what the host sees. NULL: outside RAM. */
const void *mem_shared_in(struct memory *m, uint64_t pa, uint64_t len, void *bounce);

/* A pointer for direct reading and writing with a shared key (rings, shared guest pages). Pages
 * under a private key are destroyed. Valid as shared memory until a page of the range goes to a TD
 * again. NULL: outside RAM. */
void *mem_shared_ptr(struct memory *m, unsigned lp, uint64_t pa, uint64_t len);

/* 64-bit FNV-1a, continued from `hash` (start: MEM_FNV_BASIS). */
#define MEM_FNV_BASIS 0xcbf29ce484222325ull
uint64_t mem_fnv1a(uint64_t hash, const void *data, uint64_t len);

#endif
