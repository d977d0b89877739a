// SPDX-License-Identifier: MIT
/*
 * Physical memory as the host sees it: plaintext of shared pages, ciphertext of private ones.
 */
#include <fcntl.h>
#include <immintrin.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/memory.h"
#include "platform/sparse.h"

#define MAX_SIZE     (1ull << 46)
#define SPARSE_CLEAR (2ull << 20) /* zeros in one piece that are worth asking the kernel for */
#define LOCK_UNIT    (2ull << 20) /* neighbouring pages have one lock */

/* Half a line at once: in smaller stores this takes half as long again, more on a busy machine. */
static __attribute__((target("avx"))) void zero_half_lines(__m256i *at, uint64_t size)
{
	for (uint64_t i = 0; i < size / sizeof(*at); i++)
		_mm256_stream_si256(&at[i], _mm256_setzero_si256());
}

void mem_zero_lines(void *to, uint64_t size)
{
	if (__builtin_cpu_supports("avx"))
		zero_half_lines(to, size);
	else
		memset(to, 0, size);
}

void mem_zeroed_lines(void)
{
	_mm_sfence();
}

static uint64_t keys_size(uint64_t size)
{
	return size / MEM_PAGE * sizeof(uint16_t);
}

/* The same behind a file of its own, which takes no space until touched either. */
static void *map_file(struct memory *m)
{
	void *at;

	m->fd = memfd_create("seamless-memory", MFD_CLOEXEC);
	if (m->fd < 0 || ftruncate(m->fd, (off_t)m->size))
		return NULL;
	at = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, m->fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

bool mem_size_valid(uint64_t size)
{
	return size && size % MEM_PAGE == 0 && size <= MAX_SIZE;
}

bool mem_init(struct memory *m, uint64_t size, bool encrypted, bool shareable, uint64_t secret)
{
	memset(m, 0, sizeof(*m));
	m->fd = -1;
	if (!mem_size_valid(size))
		return false;
	m->size = size;
	m->encrypted = m->looks = encrypted;
	m->secret = secret;
	m->base = shareable ? map_file(m) : sparse_map(size);
	m->keys = sparse_map(keys_size(size));
	pthread_mutex_init(&m->lock, NULL);
	for (unsigned i = 0; i < MEM_LOCKS; i++)
		pthread_mutex_init(&m->converting[i].lock, NULL);
	if (m->base && m->keys)
		return true;
	mem_fini(m);
	return false;
}

void mem_fini(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->size);
	if (m->size && m->fd >= 0)
		close(m->fd);
	if (m->keys)
		munmap((void *)m->keys, keys_size(m->size));
	if (m->size)
		pthread_mutex_destroy(&m->lock);
	for (unsigned i = 0; m->size && i < MEM_LOCKS; i++)
		pthread_mutex_destroy(&m->converting[i].lock);
	memset(m, 0, sizeof(*m));
}

void mem_forget(struct memory *m)
{
	/* Private anonymous pages read as zero again after this, a file's after losing its blocks.
	 */
	if (m->fd >= 0)
		fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)m->size);
	else
		madvise(m->base, m->size, MADV_DONTNEED);
	madvise((void *)m->keys, keys_size(m->size), MADV_DONTNEED);
}

void mem_reset(struct memory *m)
{
	mem_forget(m);
	memset(m->events, 0, sizeof(m->events));
	atomic_store(&m->destroyed, 0);
}

void mem_key_set(struct memory *m, uint64_t pa, uint64_t len, uint16_t hkid)
{
	if (!len || !mem_contains(m, pa, len))
		return;
	for (uint64_t page = pa / MEM_PAGE; page <= (pa + len - 1) / MEM_PAGE; page++)
		atomic_store_explicit(&m->keys[page], hkid, memory_order_relaxed);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* What the host sees of the eight bytes at `pa`: depends on key, address and content, as XTS does.
 */
static uint64_t cipher_word(const struct memory *m, uint64_t pa, uint16_t hkid)
{
	uint64_t plain;

	memcpy(&plain, m->base + pa, sizeof(plain));
	return mix(plain ^ mix(m->secret ^ mix(pa ^ ((uint64_t)hkid << 48))));
}

/* Host view of bytes within one page under `hkid`. */
static void cipher_read(const struct memory *m, uint64_t pa, uint16_t hkid, uint8_t *out,
			uint64_t len)
{
	while (len > 0) {
		uint64_t word = cipher_word(m, pa & ~7ull, hkid);
		uint64_t skip = pa & 7, n = 8 - skip < len ? 8 - skip : len;

		memcpy(out, (const uint8_t *)&word + skip, n);
		out += n;
		pa += n;
		len -= n;
	}
}

/* Bytes of the range that lie in the page of its first byte. */
static uint64_t in_page(uint64_t pa, uint64_t len)
{
	uint64_t room = MEM_PAGE - pa % MEM_PAGE;

	return len < room ? len : room;
}

static void read_view(struct memory *m, uint64_t pa, uint8_t *out, uint64_t len)
{
	uint16_t hkid = mem_key(m, pa);

	if (hkid && m->encrypted)
		cipher_read(m, pa, hkid, out, len);
	else
		mem_copy(out, m->base + pa, len);
}

/* The host looks at bytes of one page. */
static void host_view(struct memory *m, uint64_t pa, uint8_t *out, uint64_t len)
{
	if (m->notice && mem_key(m, pa))
		m->notice(m->notice_opaque, pa, len, false);
	read_view(m, pa, out, len);
}

void mem_notice(struct memory *m,
		void (*notice)(void *opaque, uint64_t pa, uint64_t len, bool write), void *opaque)
{
	m->notice = notice;
	m->notice_opaque = opaque;
	m->looks = m->encrypted || notice;
}

bool mem_host_read(struct memory *m, uint64_t pa, void *buf, uint64_t len)
{
	uint8_t *out = buf;

	if (!mem_contains(m, pa, len))
		return false;
	for (uint64_t n; len > 0; pa += n, out += n, len -= n) {
		n = in_page(pa, len);
		host_view(m, pa, out, n);
	}
	return true;
}

static void remember(struct memory *m, unsigned lp, uint64_t pa, uint16_t hkid)
{
	uint64_t when = m->now ? m->now(m->clock) : 0;

	pthread_mutex_lock(&m->lock);
	m->events[m->destroyed % MEM_EVENTS] = (struct mem_event){ pa, when, lp, hkid };
	atomic_fetch_add(&m->destroyed, 1);
	pthread_mutex_unlock(&m->lock);
}

static pthread_mutex_t *lock_of(struct memory *m, uint64_t pa)
{
	return &m->converting[pa / LOCK_UNIT % MEM_LOCKS].lock;
}

/* The page's content becomes what the host saw of it, under key 0; whatever, if all of it is to be
 * written now. */
static void destroy_page(struct memory *m, unsigned lp, uint64_t pa, bool overwritten)
{
	uint64_t page = pa & ~(uint64_t)(MEM_PAGE - 1);
	uint8_t view[MEM_PAGE];
	uint16_t hkid;

	pthread_mutex_lock(lock_of(m, pa));
	hkid = mem_key(m, pa);
	if (hkid) {
		if (!overwritten) {
			read_view(m, page, view, MEM_PAGE);
			memcpy(m->base + page, view, MEM_PAGE);
		}
		mem_key_set(m, page, MEM_PAGE, MEM_DESTROYED);
		if (!m->owned || m->owned(m->owner, pa))
			remember(m, lp, pa, hkid);
	}
	pthread_mutex_unlock(lock_of(m, pa));
}

static void take_page(struct memory *m, unsigned lp, uint64_t pa, uint64_t n, bool to_write)
{
	if (m->notice)
		m->notice(m->notice_opaque, pa, n, true);
	if (m->encrypted)
		destroy_page(m, lp, pa, to_write && n == MEM_PAGE);
}

/* For the host from now on: private pages in the range are destroyed. */
static void *take_over(struct memory *m, unsigned lp, uint64_t pa, uint64_t len, bool to_write)
{
	if (!mem_contains(m, pa, len))
		return NULL;
	for (uint64_t at = pa, left = len, n; m->looks && left > 0; at += n, left -= n) {
		n = in_page(at, left);
		if (mem_key(m, at))
			take_page(m, lp, at, n, to_write);
	}
	return m->base + pa;
}

void *mem_shared_ptr(struct memory *m, unsigned lp, uint64_t pa, uint64_t len)
{
	return take_over(m, lp, pa, len, false);
}

bool mem_host_write(struct memory *m, unsigned lp, uint64_t pa, const void *buf, uint64_t len)
{
	void *to = take_over(m, lp, pa, len, true);

	if (to && len)
		mem_copy(to, buf, len);
	return to;
}

/* Whether the kernel holds nothing of any page in the range; it may say so of pages that it swapped
 * out. */
static bool not_resident(void *at, uint64_t len)
{
	unsigned char resident[SPARSE_CLEAR / MEM_PAGE];
	unsigned any = 0;

	if (mincore(at, len, resident))
		return false;
	for (uint64_t i = 0; i < len / MEM_PAGE; i++)
		any |= resident[i];
	return !(any & 1);
}

/* Zeros, without making pages of memory that nobody has touched. */
static void clear(struct memory *m, uint8_t *to, uint64_t len)
{
	for (uint64_t n; len > 0; to += n, len -= n) {
		bool sparse = m->fd < 0 && len >= SPARSE_CLEAR &&
			      (uint64_t)(to - m->base) % MEM_PAGE == 0;

		n = sparse ? SPARSE_CLEAR : in_page((uint64_t)(to - m->base), len);
		if (!sparse || !not_resident(to, n) || madvise(to, n, MADV_DONTNEED))
			memset(to, 0, n);
	}
}

bool mem_host_fill(struct memory *m, unsigned lp, uint64_t pa, uint64_t len, uint8_t byte)
{
	void *to = take_over(m, lp, pa, len, true);

	if (to && !byte)
		clear(m, to, len);
	else if (to)
		memset(to, byte, len);
	return to;
}

bool mem_last_destroyed(struct memory *m, uint64_t pa, struct mem_event *event)
{
	bool found = false;
	uint64_t n;

	pthread_mutex_lock(&m->lock);
	n = atomic_load(&m->destroyed);
	for (uint64_t i = 1; i <= MEM_EVENTS && i <= n && !found; i++) {
		*event = m->events[(n - i) % MEM_EVENTS];
		found = event->pa / MEM_PAGE == pa / MEM_PAGE;
	}
	pthread_mutex_unlock(&m->lock);
	return found;
}

const void *mem_shared_in(struct memory *m, uint64_t pa, uint64_t len, void *bounce)
{
	bool plain = true;

	if (!mem_contains(m, pa, len))
		return NULL;
	for (uint64_t at = pa, left = len, n; m->looks && left > 0; at += n, left -= n) {
		n = in_page(at, left);
		plain = plain && !mem_key(m, at);
	}
	if (plain)
		return m->base + pa;
	mem_host_read(m, pa, bounce, len);
	return bounce;
}

uint64_t mem_fnv1a(uint64_t hash, const void *data, uint64_t len)
{
	const uint8_t *bytes = data;

	for (uint64_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

bool mem_host_hash(struct memory *m, uint64_t pa, uint64_t len, uint64_t *hash)
{
	uint8_t page[MEM_PAGE];

	if (!mem_contains(m, pa, len))
		return false;
	*hash = MEM_FNV_BASIS;
	for (uint64_t n; len > 0; pa += n, len -= n) {
		n = in_page(pa, len);
		host_view(m, pa, page, n);
		*hash = mem_fnv1a(*hash, page, n);
	}
	return true;
}
