// SPDX-License-Identifier: MIT
/*
 * The cache of decoded basic blocks. A block is found by its linear address, mode and host page, so
 * it stays right across changes of page tables. Memory comes from an arena that is emptied as a
 * whole; a block whose bytes were written is made dead instead: its instructions then return to the
 * run loop.
 */
#include "cpu/decode.h"
#include "cpu/internal.h"

static unsigned hash_rip(uint64_t rip)
{
	return (unsigned)((rip ^ rip >> 14) & (HASH_SIZE - 1));
}

static unsigned hash_page(const uint8_t *page)
{
	return (unsigned)((uintptr_t)page * 0x9e3779b97f4a7c15ull >> 50) & (HASH_SIZE - 1);
}

/* The handler of a dead block's instructions: nothing of the block has to be trusted but the
 * address. */
HANDLER(h_stale)
{
	cpu->s.rip = insn->rip;
	cpu->executed += insn->idx;
	return NULL;
}

/* Ends every block: reached unless a branch does. */
HANDLER(h_continue)
{
	cpu->executed += insn->idx;
	return block_link(cpu, &insn->link, insn->rip);
}

/* The instruction has a probe's point: the run loop stops before it. */
HANDLER(h_point)
{
	return h_stale(cpu, insn);
}

static void block_kill(struct cpu *cpu, struct block *b)
{
	struct block **p = &cpu->hash[hash_rip(b->rip)];

	while (*p != b)
		p = &(*p)->hash_next;
	*p = b->hash_next;
	b->host = NULL;
	for (unsigned i = 0; i < b->nr_insns; i++)
		b->insns[i].fn = h_stale;
}

void block_invalidate_page(struct cpu *cpu, const uint8_t *page)
{
	struct page_ref **p = &cpu->pages[hash_page(page)];

	while (*p) {
		struct page_ref *ref = *p;

		if (ref->page == page && ref->block->host)
			block_kill(cpu, ref->block);
		if (!ref->block->host)
			*p = ref->next;
		else
			p = &ref->next;
	}
}

/* A probe has other points: whether a block still ends before each and begins with none. */
static bool points_differ(const struct cpu *cpu, const struct block *b)
{
	bool begins = b->insns[0].fn == h_point;

	return begins != probe_stops_at(cpu, b->lin) ||
	       (!begins && probe_stops_within(cpu, b->lin, b->bytes));
}

void block_points_changed(struct cpu *cpu)
{
	for (unsigned i = 0; i < HASH_SIZE; i++) {
		struct block *next;

		for (struct block *b = cpu->hash[i]; b; b = next) {
			next = b->hash_next;
			if (!(b->mode & MODE_SINGLE) && points_differ(cpu, b))
				block_kill(cpu, b);
		}
	}
}

static uint64_t sum_part(uint64_t sum, const uint8_t *p, unsigned len)
{
	uint64_t word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
		sum ^= sum >> 29;
	}
	word = 0;
	memcpy(&word, p, len);
	return (sum ^ word) * 0x9e3779b97f4a7c15ull;
}

/* A sum of the bytes that a block was decoded from, as memory holds them now. */
static uint64_t block_sum(const struct block *b)
{
	unsigned offset = (unsigned)(b->lin & ~PAGE_MASK), room = (unsigned)PAGE_SIZE - offset;
	unsigned n = b->bytes < room ? b->bytes : room;
	uint64_t sum = sum_part(b->bytes, b->host + offset, n);

	return b->bytes > n ? sum_part(sum, b->host2, b->bytes - n) : sum;
}

/*
 * After an INVEPT a host page may be another one's, with other contents: its blocks are compared
 * with memory when it is next executed from.
 */
void block_verify_page(struct cpu *cpu, const uint8_t *page)
{
	const uint8_t **slot = &cpu->verified[hash_page(page) & (VERIFIED_SIZE - 1)];

	if (*slot == page)
		return;
	*slot = page;
	for (struct page_ref *ref = cpu->pages[hash_page(page)]; ref; ref = ref->next)
		if (ref->page == page && ref->block->host &&
		    block_sum(ref->block) != ref->block->sum)
			block_kill(cpu, ref->block);
}

/* Forgets all blocks. Only the run loop may call this: handlers still use the memory. */
void block_flush(struct cpu *cpu)
{
	memset(cpu->jump, 0, sizeof(cpu->jump));
	memset(cpu->hash, 0, sizeof(cpu->hash));
	memset(cpu->pages, 0, sizeof(cpu->pages));
	cpu->arena_used = 0;
}

static void add_ref(struct cpu *cpu, struct block *b, unsigned i, uint8_t *page)
{
	struct page_ref **head = &cpu->pages[hash_page(page)];

	b->refs[i] = (struct page_ref){ .next = *head, .block = b, .page = page };
	*head = &b->refs[i];
}

#define MAX_BYTES 512u /* copied before decoding */

/* What is left of the page, or the bytes around the page's end for an instruction that crosses it.
 */
struct source {
	uint8_t *host, *host2;
	unsigned offset, len;
	uint8_t bytes[MAX_BYTES];
};

static void source_read(struct source *src)
{
	unsigned room = (unsigned)PAGE_SIZE - src->offset;

	src->len = room < MAX_BYTES ? room : MAX_BYTES;
	memcpy(src->bytes, src->host + src->offset, src->len);
}

/* The first instruction doesn't fit in its page. */
static void source_cross(struct cpu *cpu, struct source *src, uint64_t lin)
{
	unsigned room = (unsigned)PAGE_SIZE - src->offset;

	src->host2 = mmu_fetch_page(cpu, ((lin & PAGE_MASK) + PAGE_SIZE) & cpu->lin_mask);
	memcpy(src->bytes + room, src->host2, 15);
	src->len = room + 15;
}

static bool source_unchanged(const struct source *src, unsigned len)
{
	unsigned room = (unsigned)PAGE_SIZE - src->offset, n = len < room ? len : room;

	return !memcmp(src->bytes, src->host + src->offset, n) &&
	       (len == n || !memcmp(src->bytes + n, src->host2, len - n));
}

static bool has_point(const struct cpu *cpu, const struct block *b, unsigned at)
{
	return unlikely(cpu->probe) && !(b->mode & MODE_SINGLE) &&
	       probe_stops_at(cpu, (b->lin + at) & cpu->lin_mask);
}

/* Decodes instructions up to the end of the block. Returns false if the first one is cut off by the
 * page's end. */
static bool decode_block(struct cpu *cpu, struct block *b, const struct source *src)
{
	unsigned max = b->mode & MODE_SINGLE || src->host2 ? 1 : BLOCK_MAX_INSNS, n = 0, at = 0;
	bool end = false;

	while (n < max && !end) {
		struct insn *insn = &b->insns[n];

		if (n && has_point(cpu, b, at))
			break;
		if (!decode_insn(cpu, b->mode, b->rip + at, src->bytes + at, src->len - at, insn,
				 &end))
			break;
		insn->idx = (uint8_t)n++;
		at += insn->len;
	}
	if (!n)
		return false;
	if (has_point(cpu, b, 0))
		b->insns[0].fn = h_point;
	b->insns[n] = (struct insn){ .fn = h_continue,
				     .rip = (b->rip + at) & cpu->lin_mask,
				     .idx = (uint8_t)n };
	b->nr_insns = (uint16_t)(n + 1);
	b->bytes = (uint16_t)at;
	return true;
}

/* Registers the bytes as code, then makes sure that they still are what was decoded. */
static bool publish_bytes(struct cpu *cpu, const struct block *b, struct source *src)
{
	unsigned room = (unsigned)PAGE_SIZE - src->offset, n = b->bytes < room ? b->bytes : room;

	code_add(cpu, src->host, src->offset, n);
	if (b->bytes > n)
		code_add(cpu, src->host2, 0, b->bytes - n);
	return source_unchanged(src, b->bytes);
}

static size_t block_size(unsigned nr_insns)
{
	return sizeof(struct block) + nr_insns * sizeof(struct insn);
}

static struct block *block_build(struct cpu *cpu, uint64_t rip, uint64_t lin, uint32_t mode,
				 uint8_t *host)
{
	struct block *b = (struct block *)(cpu->arena + cpu->arena_used);
	struct source src = { .host = host, .offset = (unsigned)(lin & ~PAGE_MASK) };

	b->rip = rip;
	b->lin = lin;
	b->mode = mode;
	do {
		source_read(&src);
		src.host2 = NULL;
		if (!decode_block(cpu, b, &src)) {
			source_cross(cpu, &src, lin);
			decode_block(cpu, b, &src);
		}
	} while (!publish_bytes(cpu, b, &src));
	cpu->arena_used += block_size(b->nr_insns);
	b->host = host;
	b->host2 = src.host2;
	b->sum = block_sum(b);
	b->hash_next = cpu->hash[hash_rip(rip)];
	cpu->hash[hash_rip(rip)] = b;
	add_ref(cpu, b, 0, host);
	if (src.host2)
		add_ref(cpu, b, 1, src.host2);
	return b;
}

static bool block_matches(struct cpu *cpu, const struct block *b, uint64_t rip, uint64_t lin,
			  uint32_t mode, const uint8_t *host)
{
	return b->rip == rip && b->lin == lin && b->mode == mode && b->host == host &&
	       (!b->host2 ||
		b->host2 == mmu_fetch_page(cpu, ((lin & PAGE_MASK) + PAGE_SIZE) & cpu->lin_mask));
}

static void check_fetch(struct cpu *cpu, uint64_t rip, uint64_t lin, uint32_t mode)
{
	if (mode & MODE_64 ? !mmu_canonical(cpu, lin) : rip > cpu->s.seg[CPU_CS].limit)
		cpu_raise_error(cpu, NULL, EXC_GP, 0);
}

/* The block at `rip`, decoded if need be. NULL when that needs the arena emptied and the caller may
 * not. */
struct block *block_find(struct cpu *cpu, uint64_t rip, uint32_t mode, bool may_flush)
{
	uint64_t lin = (rip + cpu->code_base) & cpu->lin_mask;
	uint8_t *host;
	struct block *b;

	cpu->cur = NULL;
	cpu->s.rip = rip;
	check_fetch(cpu, rip, lin, mode);
	host = mmu_fetch_page(cpu, lin);
	for (b = cpu->hash[hash_rip(rip)]; b; b = b->hash_next)
		if (block_matches(cpu, b, rip, lin, mode, host))
			break;
	if (!b) {
		if (cpu->arena_size - cpu->arena_used < block_size(BLOCK_MAX_INSNS + 1)) {
			if (!may_flush)
				return NULL;
			block_flush(cpu);
		}
		b = block_build(cpu, rip, lin, mode, host);
	}
	if (!b->host2 && (mode & MODE_FAST) && !(mode & MODE_SINGLE))
		cpu->jump[block_jump_index(rip)] = b;
	return b;
}

static bool may_go_on(struct cpu *cpu)
{
	return (cpu->mode & MODE_FAST) &&
	       cpu->executed < __atomic_load_n(&cpu->limit, __ATOMIC_RELAXED);
}

struct insn *block_enter_slow(struct cpu *cpu, uint64_t rip)
{
	struct block *b;

	cpu->s.rip = rip;
	if (!may_go_on(cpu))
		return NULL;
	b = block_find(cpu, rip, cpu->mode, false);
	return b ? b->insns : NULL;
}

struct insn *block_link_slow(struct cpu *cpu, struct block **link, uint64_t target)
{
	struct block *b;

	cpu->s.rip = target;
	if (!may_go_on(cpu))
		return NULL;
	b = block_find(cpu, target, cpu->mode, false);
	if (!b)
		return NULL;
	if (!b->host2)
		*link = b;
	return b->insns;
}
