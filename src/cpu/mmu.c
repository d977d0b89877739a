// SPDX-License-Identifier: MIT
/*
 * Address translation: the guest's page tables, then the second stage through ops->translate, then
 * the software TLBs.
 */
#include "cpu/internal.h"

#define LARGE_SIZE (2ull << 20)

#define PTE_P	 (1ull << 0)
#define PTE_W	 (1ull << 1)
#define PTE_U	 (1ull << 2)
#define PTE_A	 (1ull << 5)
#define PTE_D	 (1ull << 6)
#define PTE_PS	 (1ull << 7)
#define PTE_NX	 (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

#define PF_P	(1u << 0)
#define PF_W	(1u << 1)
#define PF_U	(1u << 2)
#define PF_RSVD (1u << 3)
#define PF_I	(1u << 4)

#define EPT_QUAL_GLA   (1ull << 7)
#define EPT_QUAL_FINAL (1ull << 8)

struct walk {
	uint64_t lin;
	uint32_t access;
	unsigned context;
	uint64_t gpa, page_size;
	bool write, user, nx, dirty;
	unsigned nr; /* entries used */
	struct {
		uint64_t gpa, value;
		unsigned size;
	} entry[5];
};

bool mmu_canonical(const struct cpu *cpu, uint64_t lin)
{
	unsigned shift = cpu->s.cr4 & CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(lin << shift) >> shift) == lin;
}

static _Noreturn void ept_violation(struct cpu *cpu, uint64_t gpa, uint64_t gla,
				    uint64_t qualification)
{
	cpu->exit->gpa = gpa;
	cpu->exit->gla = gla;
	cpu_leave_exit(cpu, cpu->cur, CPU_EXIT_EPT_VIOLATION, qualification);
}

/* Asks the second stage; leaves with an EPT violation when it refuses. */
static void ask(struct cpu *cpu, uint64_t gpa, uint32_t access, struct cpu_mapping *map,
		uint64_t gla, uint64_t qualification)
{
	bool ok;

	*map = (struct cpu_mapping){ 0 };
	ok = cpu->ops->translate(cpu->opaque, gpa, access, map);
	if (!ok || (gpa & PAGE_MASK) - map->gpa >= map->size || !(map->permissions & access))
		ept_violation(cpu, gpa, gla,
			      qualification | access | (uint64_t)(map->permissions & 7) << 3);
}

static bool gpa_hit(const struct gpa_entry *e, uint64_t page, uint32_t access)
{
	return e->tag == (page | 1) && (e->permissions & access);
}

static void gpa_fill(struct cpu *cpu, struct gpa_entry *e, uint64_t gpa, uint32_t access,
		     uint64_t gla, uint64_t qualification)
{
	uint64_t page = gpa & PAGE_MASK, region = gpa & ~(LARGE_SIZE - 1);
	struct gpa_entry *large = &cpu->large_gpas[gpa / LARGE_SIZE & (LARGE_GPA_SIZE - 1)];
	struct cpu_mapping map;

	if (!gpa_hit(large, region, access)) {
		ask(cpu, gpa, access, &map, gla, qualification);
		*e = (struct gpa_entry){ page | 1, map.host + (page - map.gpa), map.permissions };
		if (map.gpa == region && map.size == LARGE_SIZE)
			*large = (struct gpa_entry){ region | 1, map.host, map.permissions };
		return;
	}
	*e = (struct gpa_entry){ page | 1, large->host + (page - region), large->permissions };
}

/* Host address of a guest-physical one; leaves with an EPT violation when the second stage refuses.
 */
static uint8_t *host_of(struct cpu *cpu, uint64_t gpa, uint32_t access, uint32_t *permissions,
		 uint64_t gla, uint64_t qualification)
{
	uint64_t page = gpa & PAGE_MASK;
	struct gpa_entry *e = &cpu->gpas[page >> 12 & (GPA_SIZE - 1)];

	if (!gpa_hit(e, page, access))
		gpa_fill(cpu, e, gpa, access, gla, qualification);
	*permissions = e->permissions;
	return e->host + (gpa & ~PAGE_MASK);
}

static _Noreturn void page_fault(struct cpu *cpu, const struct walk *w, uint32_t code)
{
	if (w->access & CPU_WRITE)
		code |= PF_W;
	if (w->context == MMU_USER)
		code |= PF_U;
	if ((w->access & CPU_EXEC) && ((cpu->s.efer & EFER_NXE) || (cpu->s.cr4 & CR4_SMEP)))
		code |= PF_I;
	cpu->fault_address = w->lin;
	cpu_raise_error(cpu, cpu->cur, EXC_PF, code);
}

static uint64_t walk_read(struct cpu *cpu, struct walk *w, uint64_t gpa, unsigned size)
{
	uint32_t permissions;
	const uint8_t *host = host_of(cpu, gpa, CPU_READ, &permissions, w->lin, EPT_QUAL_GLA);
	uint64_t value = size == 8 ? __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED)
				   : __atomic_load_n((const uint32_t *)host, __ATOMIC_RELAXED);

	w->entry[w->nr].gpa = gpa;
	w->entry[w->nr].value = value;
	w->entry[w->nr++].size = size;
	return value;
}

/*
 * Sets accessed or dirty bits in an entry, with the locked operation that the processor uses. False
 * when the entry is not what was read any more: the walk starts over, since a bit set in an entry
 * that another processor has just emptied would make the guest lose it.
 */
static bool walk_mark(struct cpu *cpu, const struct walk *w, unsigned i, uint64_t bits)
{
	uint64_t have = w->entry[i].value;
	uint32_t permissions, have32 = (uint32_t)have;
	uint8_t *host;

	if ((have & bits) == bits)
		return true;
	host = host_of(cpu, w->entry[i].gpa, CPU_WRITE, &permissions, w->lin,
		       EPT_QUAL_GLA | CPU_READ);
	if (w->entry[i].size == 8)
		return __atomic_compare_exchange_n((uint64_t *)host, &have, have | bits, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n((uint32_t *)host, &have32, have32 | (uint32_t)bits,
					   false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static uint64_t reserved_bits(const struct cpu *cpu, unsigned level, bool leaf, bool pdpte)
{
	uint64_t reserved = PTE_ADDR & ~((1ull << cpu->controls.phys_bits) - 1);

	if (pdpte)
		return reserved | 0xfff0000000000000ull | 0x1e6;
	if (!(cpu->s.efer & EFER_NXE))
		reserved |= PTE_NX;
	if (leaf && level == 2)
		reserved |= 0x1fe000;
	else if (leaf && level == 3)
		reserved |= 0x3fffe000;
	else if (level >= 4)
		reserved |= PTE_PS;
	return reserved;
}

static bool access_allowed(const struct cpu *cpu, const struct walk *w, uint32_t access)
{
	if (w->context == MMU_USER && !w->user)
		return false;
	if (w->context == MMU_SMAP && w->user && !(access & CPU_EXEC))
		return false;
	if (access & CPU_EXEC)
		return !w->nx && !(w->context != MMU_USER && w->user && (cpu->s.cr4 & CR4_SMEP));
	if (access & CPU_WRITE)
		return w->write || (w->context != MMU_USER && !(cpu->s.cr0 & CR0_WP));
	return true;
}

/* The shape of the guest's page tables. */
struct tables {
	uint64_t root;
	unsigned levels, bits, entry; /* bits of the address per level, bytes of an entry */
};

static struct tables tables_of(const struct cpu *cpu)
{
	bool lma = cpu_long_mode(cpu), pae = cpu->s.cr4 & CR4_PAE;

	return (struct tables){
		.root = cpu->s.cr3 & (lma ? PTE_ADDR : pae ? 0xffffffe0 : 0xfffff000),
		.levels = lma ? (cpu->s.cr4 & CR4_LA57 ? 5 : 4) : pae ? 3 : 2,
		.bits = pae ? 9 : 10,
		.entry = pae ? 8 : 4,
	};
}

static uint64_t entry_offset(const struct tables *t, uint64_t lin, unsigned level)
{
	return (lin >> (12 + t->bits * (level - 1)) & ((1u << t->bits) - 1)) * t->entry;
}

static uint64_t next_table(const struct tables *t, uint64_t e)
{
	return e & (t->entry == 8 ? PTE_ADDR : 0xfffff000);
}

static bool is_leaf(const struct cpu *cpu, uint64_t e, unsigned level)
{
	bool lma = cpu_long_mode(cpu), pae = cpu->s.cr4 & CR4_PAE;

	return level == 1 || ((e & PTE_PS) && ((level == 2 && (pae || (cpu->s.cr4 & CR4_PSE))) ||
					       (level == 3 && lma)));
}

/* Adds one entry's permissions; returns whether it is the leaf. */
static bool walk_step(struct cpu *cpu, struct walk *w, uint64_t e, unsigned level)
{
	bool lma = cpu_long_mode(cpu), pae = cpu->s.cr4 & CR4_PAE;
	bool pdpte = pae && !lma && level == 3;
	bool leaf = is_leaf(cpu, e, level);

	if (!(e & PTE_P))
		page_fault(cpu, w, 0);
	if (pae && (e & reserved_bits(cpu, level, leaf, pdpte)))
		page_fault(cpu, w, PF_P | PF_RSVD);
	if (!pdpte) {
		w->write &= !!(e & PTE_W);
		w->user &= !!(e & PTE_U);
		w->nx |= pae && (e & PTE_NX);
	}
	return leaf;
}

static void walk_leaf(struct cpu *cpu, struct walk *w, uint64_t e, unsigned level)
{
	bool pae = cpu->s.cr4 & CR4_PAE;
	uint64_t base = e & PTE_ADDR;

	w->page_size = level == 1 ? PAGE_SIZE : 1ull << (12 + (pae ? 9 : 10) * (level - 1));
	if (!pae) {
		base = e & 0xfffff000;
		if (level == 2)
			base = (e & 0xffc00000) | (e >> 13 & 0xff) << 32;
	}
	w->gpa = (base & ~(w->page_size - 1)) | (w->lin & (w->page_size - 1));
}

/* One walk from the root. False when an entry changed under it. */
static bool walk_once(struct cpu *cpu, struct walk *w)
{
	const struct tables t = tables_of(cpu);
	uint64_t base = t.root, e;
	unsigned level = t.levels;

	w->nr = 0;
	w->write = w->user = true;
	w->nx = false;
	for (;; level--) {
		e = walk_read(cpu, w, base + entry_offset(&t, w->lin, level), t.entry);
		if (walk_step(cpu, w, e, level))
			break;
		base = next_table(&t, e);
	}
	walk_leaf(cpu, w, e, level);
	if (!access_allowed(cpu, w, w->access))
		page_fault(cpu, w, PF_P);
	w->dirty = (e & PTE_D) || (w->access & CPU_WRITE);
	for (unsigned i = t.levels == 3; i < w->nr; i++) /* PDPTEs of PAE have neither bit */
		if (!walk_mark(cpu, w, i,
			       PTE_A | (i == w->nr - 1 && (w->access & CPU_WRITE) ? PTE_D : 0)))
			return false;
	return true;
}

static void walk_tables(struct cpu *cpu, struct walk *w)
{
	while (!walk_once(cpu, w))
		;
}

bool cpu_probe_translate(struct cpu *cpu, uint64_t lin,
			 bool (*read)(void *opaque, uint64_t gpa, void *entry, unsigned size),
			 void *opaque, uint64_t *gpa)
{
	const struct tables t = tables_of(cpu);
	struct walk w = { .lin = cpu_long_mode(cpu) ? lin : lin & 0xffffffff };
	uint64_t base = t.root, e = 0;
	unsigned level = t.levels;

	*gpa = w.lin & 0xffffffff;
	if (!(cpu->s.cr0 & CR0_PG))
		return true;
	if (cpu_long_mode(cpu) && !mmu_canonical(cpu, lin))
		return false;
	for (;; level--) {
		if (!read(opaque, base + entry_offset(&t, w.lin, level), &e, t.entry) ||
		    !(e & PTE_P))
			return false;
		if (is_leaf(cpu, e, level))
			break;
		base = next_table(&t, e);
	}
	walk_leaf(cpu, &w, e, level);
	*gpa = w.gpa;
	return true;
}

static void note_large(struct cpu *cpu, uint64_t lin, uint64_t size)
{
	uint64_t base = lin & ~(size - 1), mask = ~(size - 1);

	if (size == PAGE_SIZE)
		return;
	if (cpu->large_mask)
		while ((base ^ cpu->large_base) & mask)
			mask <<= 1;
	cpu->large_base = base;
	cpu->large_mask = cpu->large_mask ? mask & cpu->large_mask : mask;
}

static void tlb_fill(struct cpu *cpu, const struct walk *w, uint8_t *host, uint32_t permissions)
{
	uint64_t page = w->lin & PAGE_MASK;
	struct tlb_entry *e = &cpu->tlb[w->context][page >> 12 & (TLB_SIZE - 1)];
	uint8_t *host_page = host - (w->lin & ~PAGE_MASK);

	note_large(cpu, page, w->page_size);
	if (unlikely(cpu->watches) && debug_watches_page(cpu, page))
		return;
	e->addend = (uintptr_t)host_page - page;
	e->read_tag = page | cpu->tlb_gen;
	e->write_tag = 0;
	if (w->dirty && (permissions & CPU_WRITE) && access_allowed(cpu, w, CPU_WRITE) &&
	    !code_in_page(cpu->group, host_page))
		e->write_tag = page | cpu->tlb_gen;
}

/* Translates for an access that doesn't cross a page. Leaves by exception or exit when it isn't
 * allowed. */
uint8_t *mmu_translate(struct cpu *cpu, uint64_t lin, uint32_t access, unsigned context)
{
	struct walk w = {
		.lin = lin, .access = access, .context = context, .page_size = PAGE_SIZE
	};
	uint32_t permissions;
	uint8_t *host;

	if (cpu->s.cr0 & CR0_PG) {
		walk_tables(cpu, &w);
	} else {
		w.gpa = lin & 0xffffffff;
		w.write = w.user = w.dirty = true;
		w.context = MMU_SUPERVISOR;
	}
	host = host_of(cpu, w.gpa, access, &permissions, lin, EPT_QUAL_GLA | EPT_QUAL_FINAL);
	if (access & CPU_EXEC)
		note_large(cpu, lin & PAGE_MASK, w.page_size);
	else
		tlb_fill(cpu, &w, host, permissions);
	return host;
}

/* Host page that instructions at `lin` are fetched from. */
uint8_t *mmu_fetch_page(struct cpu *cpu, uint64_t lin)
{
	uint64_t page = lin & PAGE_MASK;
	struct itlb_entry *e = &cpu->itlb[page >> 12 & (ITLB_SIZE - 1)];

	if (e->tag != (page | cpu->tlb_gen)) {
		uint8_t *host = mmu_translate(cpu, lin, CPU_EXEC,
					      cpu->cpl == 3 ? MMU_USER : MMU_SUPERVISOR);

		host -= lin & ~PAGE_MASK;
		block_verify_page(cpu, host);
		e->tag = page | cpu->tlb_gen;
		e->host = host;
	}
	return e->host;
}

void mmu_flush_page(struct cpu *cpu, uint64_t lin)
{
	uint64_t page = lin & PAGE_MASK;

	if (cpu->large_mask && !((page ^ cpu->large_base) & cpu->large_mask)) {
		cpu_flush_tlb(cpu);
		return;
	}
	for (unsigned i = 0; i < MMU_CONTEXTS; i++) {
		struct tlb_entry *e = &cpu->tlb[i][page >> 12 & (TLB_SIZE - 1)];

		e->read_tag = e->write_tag = 0;
	}
	for (unsigned i = 0; i < 2; i++)
		cpu->itlbs[i][page >> 12 & (ITLB_SIZE - 1)].tag = 0;
}

/* Sends writes to this host page through the slow path: it now holds decoded code. */
void mmu_drop_writes(struct cpu *cpu, const uint8_t *host)
{
	for (unsigned c = 0; c < MMU_CONTEXTS; c++)
		for (unsigned i = 0; i < TLB_SIZE; i++) {
			struct tlb_entry *e = &cpu->tlb[c][i];

			if (e->write_tag &&
			    e->addend + (e->write_tag & PAGE_MASK) == (uintptr_t)host)
				e->write_tag = 0;
		}
}
