from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0007_patents'),
    ]

    operations = [
        migrations.CreateModel(
            name='LotView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('world_id', models.BigIntegerField()),
                ('number', models.BigIntegerField()),
                ('tick', models.BigIntegerField()),
                ('participant_id', models.BigIntegerField()),
                ('market', models.SmallIntegerField()),
                ('tier', models.SmallIntegerField()),
                ('level', models.SmallIntegerField()),
                ('origin', models.SmallIntegerField()),
                ('state', models.SmallIntegerField()),
                ('condition', models.FloatField()),
                ('opened', models.BigIntegerField()),
                ('ends', models.BigIntegerField()),
                ('reserve', models.BigIntegerField()),
                ('best', models.BigIntegerField()),
                ('bids', models.BigIntegerField()),
                ('commit', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'auction',
                'indexes': [models.Index(fields=['world_id', 'state', 'ends'], name='markets_lot_running')],
                'constraints': [models.UniqueConstraint(fields=('world_id', 'number'), name='markets_lot_number')],
            },
        ),
    ]
