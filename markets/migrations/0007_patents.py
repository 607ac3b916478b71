from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0006_site_offers'),
    ]

    operations = [
        migrations.CreateModel(
            name='PatentView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('world_id', models.BigIntegerField()),
                ('good', models.SmallIntegerField()),
                ('level', models.SmallIntegerField()),
                ('participant_id', models.BigIntegerField()),
                ('tick', models.BigIntegerField()),
                ('until', models.BigIntegerField()),
                ('fee', models.BigIntegerField()),
                ('licences', models.BigIntegerField()),
                ('earned', models.BigIntegerField()),
                ('commit', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'patent',
                'constraints': [models.UniqueConstraint(fields=('world_id', 'good', 'level'), name='markets_patent_place')],
            },
        ),
    ]
