// SPDX-License-Identifier: MIT
/*
 * Which host pages hold code that some vCPU of a group has decoded, in granules of 64 bytes. Writes
 * to such pages take the slow path (no vCPU keeps a writable TLB entry for them) and end here:
 * hitting a granule makes every vCPU forget the page.
 */
#include <stdlib.h>

#include "cpu/group.h"

#define TABLE_SIZE CODE_TABLE_SIZE
#define TABLE_MAX  (TABLE_SIZE * 3 / 4)

struct cpu_group *cpu_group_create(void)
{
	struct cpu_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	pthread_mutex_init(&group->lock, NULL);
	pthread_mutex_init(&group->exclusive_lock, NULL);
	pthread_cond_init(&group->exclusive_change, NULL);
	return group;
}

void cpu_group_destroy(struct cpu_group *group)
{
	if (!group)
		return;
	pthread_mutex_destroy(&group->lock);
	pthread_mutex_destroy(&group->exclusive_lock);
	pthread_cond_destroy(&group->exclusive_change);
	probe_free(group);
	free(group);
}

bool code_join(struct cpu *cpu, struct cpu_group *group)
{
	cpu->own_group = !group;
	cpu->group = group ? group : cpu_group_create();
	if (!cpu->group)
		return false;
	pthread_mutex_lock(&cpu->group->lock);
	cpu->probe = cpu->group->probe;
	cpu->group_next = cpu->group->members;
	cpu->group->members = cpu;
	pthread_mutex_unlock(&cpu->group->lock);
	return true;
}

void code_leave(struct cpu *cpu)
{
	struct cpu **p;

	if (!cpu->group)
		return;
	pthread_mutex_lock(&cpu->group->lock);
	for (p = &cpu->group->members; *p != cpu; p = &(*p)->group_next)
		;
	*p = cpu->group_next;
	pthread_mutex_unlock(&cpu->group->lock);
	if (cpu->own_group)
		cpu_group_destroy(cpu->group);
}

/* The entry of a page, or the free one where it would go. */
static struct code_page *find(struct cpu_group *group, const uint8_t *page)
{
	uint64_t key = (uintptr_t)page;
	uint32_t i = (uint32_t)((key >> 12) * 0x9e3779b97f4a7c15ull >> 48) & (TABLE_SIZE - 1);

	for (;; i = (i + 1) & (TABLE_SIZE - 1)) {
		uint64_t have = __atomic_load_n(&group->pages[i].page, __ATOMIC_ACQUIRE);

		if (have == key || !have)
			return &group->pages[i];
	}
}

static uint64_t granules_of(unsigned offset, unsigned len)
{
	unsigned first = offset >> 6, last = (offset + len - 1) >> 6;

	return (~0ull >> (63 - last)) & (~0ull << first);
}

bool code_in_page(struct cpu_group *group, const uint8_t *page)
{
	return __atomic_load_n(&find(group, page)->granules, __ATOMIC_RELAXED) != 0;
}

/* Tells one vCPU that a page it may have decoded was written. */
static void notify_page(struct cpu *cpu, uint8_t *page)
{
	pthread_mutex_lock(&cpu->code_lock);
	if (cpu->nr_code_queue < CODE_QUEUE)
		cpu->code_queue[cpu->nr_code_queue] = page;
	cpu->nr_code_queue += cpu->nr_code_queue <= CODE_QUEUE;
	pthread_mutex_unlock(&cpu->code_lock);
	cpu_post(cpu, EVENT_CODE);
}

void code_queue_run(struct cpu *cpu)
{
	uint8_t *queue[CODE_QUEUE];
	unsigned nr;

	pthread_mutex_lock(&cpu->code_lock);
	nr = cpu->nr_code_queue;
	memcpy(queue, cpu->code_queue, sizeof(queue));
	cpu->nr_code_queue = 0;
	pthread_mutex_unlock(&cpu->code_lock);
	if (nr > CODE_QUEUE)
		block_flush(cpu);
	else
		for (unsigned i = 0; i < nr; i++)
			block_invalidate_page(cpu, queue[i]);
}

/* With the lock held: the table is full of pages of which many hold no code any more. Start over.
 */
static void forget_all(struct cpu *cpu)
{
	struct cpu_group *group = cpu->group;

	for (unsigned i = 0; i < TABLE_SIZE; i++)
		__atomic_store_n(&group->pages[i].granules, 0, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < TABLE_SIZE; i++)
		__atomic_store_n(&group->pages[i].page, 0, __ATOMIC_RELEASE);
	group->nr_pages = 0;
	for (struct cpu *c = group->members; c; c = c->group_next) {
		pthread_mutex_lock(&c->code_lock);
		c->nr_code_queue = CODE_QUEUE + 1;
		pthread_mutex_unlock(&c->code_lock);
		cpu_post(c, EVENT_CODE);
	}
}

/* With the lock held. */
static struct code_page *insert(struct cpu *cpu, uint8_t *page)
{
	struct code_page *p;

	if (cpu->group->nr_pages >= TABLE_MAX)
		forget_all(cpu);
	p = find(cpu->group, page);
	if (!p->page) {
		__atomic_store_n(&p->page, (uintptr_t)page, __ATOMIC_RELEASE);
		cpu->group->nr_pages++;
	}
	return p;
}

/* Takes write access to a page that now holds code from all vCPUs: none has it when this returns.
 */
static void drop_writes(struct cpu *cpu, const uint8_t *page)
{
	bool alone = true;

	pthread_mutex_lock(&cpu->group->lock);
	for (struct cpu *c = cpu->group->members; c; c = c->group_next)
		if (c != cpu) {
			cpu_post(c, EVENT_FLUSH_WRITES);
			alone = false;
		}
	pthread_mutex_unlock(&cpu->group->lock);
	mmu_drop_writes(cpu, page);
	if (alone)
		return;
	exclusive_begin(cpu);
	exclusive_end(cpu);
}

/* This vCPU is about to decode bytes of a page: from here on writes to them must be seen. */
void code_add(struct cpu *cpu, uint8_t *page, unsigned offset, unsigned len)
{
	uint64_t mask = granules_of(offset, len), before;
	struct code_page *p = find(cpu->group, page);

	if (p->page && (__atomic_load_n(&p->granules, __ATOMIC_RELAXED) & mask) == mask)
		return;
	pthread_mutex_lock(&cpu->group->lock);
	p = insert(cpu, page);
	before = __atomic_fetch_or(&p->granules, mask, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&cpu->group->lock);
	if (!before)
		drop_writes(cpu, page);
}

/* Bytes of one page were written. `cpu` is the writer, NULL for the host. */
static void written(struct cpu_group *group, struct cpu *cpu, uint8_t *host, unsigned len)
{
	uint8_t *page = (uint8_t *)((uintptr_t)host & PAGE_MASK);
	struct code_page *p = find(group, page);

	if (!(__atomic_load_n(&p->granules, __ATOMIC_RELAXED) &
	      granules_of((unsigned)((uintptr_t)host & ~PAGE_MASK), len)))
		return;
	pthread_mutex_lock(&group->lock);
	__atomic_store_n(&find(group, page)->granules, 0, __ATOMIC_SEQ_CST);
	for (struct cpu *c = group->members; c; c = c->group_next)
		if (c != cpu)
			notify_page(c, page);
	pthread_mutex_unlock(&group->lock);
	if (cpu)
		block_invalidate_page(cpu, page);
}

void code_written(struct cpu *cpu, uint8_t *host, unsigned len)
{
	written(cpu->group, cpu, host, len);
}

void cpu_invalidate_code(struct cpu_group *group, const void *host, size_t len)
{
	uint8_t *p = (uint8_t *)(uintptr_t)host;

	while (len) {
		size_t room = PAGE_SIZE - ((uintptr_t)p & ~PAGE_MASK), n = len < room ? len : room;

		written(group, NULL, p, (unsigned)n);
		p += n;
		len -= n;
	}
}
